"""A command with a terminal for all three streams."""

import fcntl
import os
import struct
import termios


def on_terminal(command, environment, columns=80):
    """All that a command says to a terminal of so many columns, and its exit code."""
    pid, terminal = os.forkpty()
    if pid == 0:
        # Before the command looks.
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
        os.execve(command[0], [str(part) for part in command], environment)
    said = b""
    try:
        while chunk := os.read(terminal, 65536):
            said += chunk
    except OSError:  # the terminal is gone with the last one who had it
        pass
    os.close(terminal)
    return said.decode(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
