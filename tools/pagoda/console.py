# SPDX-License-Identifier: MIT
"""Types at a guest's serial console and waits for what it answers."""

import re
import time

from . import Problem, qemu

# Seconds to wait for an answer. Only a broken guest takes so long, even where CPUs are shared with others.
PATIENCE = 90

PROMPT = r"pagoda:\S*# $"


class Failure(Exception):
    """What a test of the console expected and did not see."""


class Console:
    """The serial port of a running machine as text. `seen` is all that came, `fresh` what no expect() has used."""

    def __init__(self, machine, limit=600):
        self.process = qemu.Process(machine, limit)
        self.seen = ""
        self.fresh = ""
        self._count = 0

    def close(self):
        """Ends the machine; returns QEMU's exit status."""
        return self.process.kill()

    def _more(self, wait):
        data = self.process.read(wait)
        text = data.decode(errors="replace")
        self.seen += text
        # busybox asks the terminal where its cursor is; nobody answers here.
        self.fresh = re.sub(r"\x1b\[(6n|J)", "", self.fresh + text)
        return bool(data)

    def expect(self, pattern, seconds=PATIENCE):
        """Waits until the regular expression matches what is fresh; returns the match and drops the text up to it."""
        until = time.monotonic() + seconds
        while True:
            match = re.search(pattern, self.fresh, re.MULTILINE)
            if match:
                self.fresh = self.fresh[match.end() :]
                return match
            left = until - time.monotonic()
            if left <= 0 or self.process.eof or self.process.late:
                why = "the machine ended" if self.process.eof else f"waited {seconds} s"
                raise Failure(f"no {pattern!r} ({why}); last output: {self.fresh[-300:]!r}")
            self._more(left)

    def send(self, text):
        """Types the text; "\\x03" is Ctrl-C."""
        self.process.write(text.encode())

    def sees(self, pattern, seconds):
        """Whether the regular expression matches what is fresh, now or in the next seconds; then drops the text up to it."""
        try:
            return bool(self.expect(pattern, seconds))
        except Failure:
            return False

    def wait_end(self, seconds=PATIENCE):
        """Waits for the machine to end by itself; returns QEMU's exit status."""
        until = time.monotonic() + seconds
        while not self.process.eof and time.monotonic() < until:
            self._more(until - time.monotonic())
        status = self.process.wait(5)
        if status is None:
            raise Failure(f"the machine did not end in {seconds} s; last output: {self.fresh[-300:]!r}")
        return status


class Shell(Console):
    """The console once the shell of build/initramfs.cpio has come up."""

    def __init__(self, machine, limit=600, boot=2 * PATIENCE):
        super().__init__(machine, limit)
        try:
            self.prompt(boot)
        except Failure as failure:
            complaint = self.process.complaint()
            self.close()
            raise (Problem(complaint) if complaint else failure) from None

    def prompt(self, seconds=PATIENCE):
        """Waits for the prompt."""
        return self.expect(PROMPT, seconds)

    def line(self, text):
        """Types a line."""
        self.send(text + "\n")

    def start(self, program):
        """Starts a program and returns once it reads the terminal or waits: what is typed then is for it."""
        self.line(f'sh -c "echo star\'\'ted; exec {program}"')
        self.expect("^started\r*\n")

    def run(self, command, seconds=PATIENCE):
        """Runs a command line and returns (its output with newlines, its status)."""
        self._count += 1
        mark = f"{self._count}:"
        self.line(f"echo ':begin''{mark}'; {{ {command}; }}; echo ':end''{mark}'$?")
        self.expect(f":begin{mark}\r*\n", seconds)
        match = self.expect(f"(?s)^(.*?):end{mark}(\\d+)\r*\n", seconds)
        self.prompt(seconds)
        return match.group(1).replace("\r", ""), int(match.group(2))
