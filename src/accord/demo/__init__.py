"""``accord demo``: five systems, real sockets and files, and every claim checked where it must show."""

from accord.demo.play import run

__all__ = ["run"]
