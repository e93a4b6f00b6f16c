# SPDX-License-Identifier: MIT
"""A person's session at the shell on the serial console."""

ERASE, KILL, INTR, QUIT, SUSP, EOF = "\x7f", "\x15", "\x03", "\x1c", "\x1a", "\x04"


def test_prompt(t):
    """The shell came up as a child of init, with the serial port as its terminal."""
    shell = t.shell()
    equal(shell.run("tty"), ("/dev/ttyS0\n", 0))
    equal(shell.run("cut -d' ' -f4 /proc/$$/stat"), ("1\n", 0), "the shell's parent")


def test_status(t):
    """Exit statuses arrive."""
    shell = t.shell()
    equal(shell.run("true"), ("", 0))
    equal(shell.run("(exit 7)"), ("", 7))
    equal(shell.run("sh -c 'kill -9 $$'")[1], 137, "the status after SIGKILL")


def test_pipeline(t):
    """Three processes in a pipe."""
    equal(t.shell().run("echo c b a | tr ' ' '\\n' | sort | tr '\\n' ' '"), ("a b c ", 0))


def test_long_pipe(t):
    """More than a pipe holds goes through it whole."""
    equal(t.shell().run("dd if=/dev/zero bs=4096 count=500 2>/dev/null | cat | wc -c"), ("2048000\n", 0))


def test_sigpipe(t):
    """A writer whose reader has gone ends."""
    equal(t.shell().run("yes | head -n 2"), ("y\ny\n", 0))


def test_here_document(t):
    """Lines typed at the second prompt become standard input."""
    shell = t.shell()
    shell.line("cat <<END | tr a-z A-Z")
    shell.expect(r"> $")
    shell.line("one $((1 + 1))")
    shell.expect(r"> $")
    shell.line("END")
    shell.expect(r"^ONE 2\r")
    shell.prompt()


def test_interrupt(t):
    """Ctrl-C ends the program, not the shell."""
    shell = t.shell()
    shell.start("sleep 1000")
    shell.send(INTR)
    shell.expect(r"\^C")
    shell.prompt()
    shell.line("echo =$?=")
    shell.expect("=130=\r")
    shell.prompt()


def test_interrupt_pipeline(t):
    """Ctrl-C reaches every process of the foreground job."""
    shell = t.shell()
    shell.line("sleep 1001 | sh -c \"echo star''ted; exec sleep 1001\" >&2")
    shell.expect("^started\r")
    shell.send(INTR)
    shell.prompt()
    equal(shell.run("ps | grep -c '[s]leep 1001'"), ("0\n", 1))


def test_quit(t):
    """Ctrl-\\ sends SIGQUIT."""
    shell = t.shell()
    shell.start("sleep 1000")
    shell.send(QUIT)
    shell.prompt()
    shell.line("echo =$?=")
    shell.expect("=131=\r")
    shell.prompt()


def test_stop_and_continue(t):
    """Ctrl-Z, jobs, bg, fg, Ctrl-C."""
    shell = t.shell()
    shell.start("sleep 1002")
    shell.send(SUSP)
    shell.expect(r"\[1\]\+ +Stopped +sh -c")
    shell.prompt()
    equal(shell.run(state_becomes("T")), ("", 0), "status of waiting for the state of the stopped program")
    shell.line("bg")
    shell.expect(r"\[1\] sh -c")
    shell.prompt()
    equal(shell.run(state_becomes("S")), ("", 0), "status of waiting for the state of the continued program")
    shell.line("fg; echo =$?=")
    shell.expect("^sh -c .*\r")
    shell.send(INTR)
    shell.prompt()
    equal(shell.run("jobs"), ("", 0))


def state_becomes(letter):
    """A command that waits until the only `sleep` is in this state."""
    return f"until grep -q ') {letter} ' /proc/$(pidof sleep)/stat; do :; done"


def test_background_read(t):
    """A background job that reads the terminal is stopped."""
    shell = t.shell()
    shell.line("cat &")
    shell.prompt()
    for _ in range(100):
        # The shell tells of its jobs before each prompt.
        shell.line("")
        if shell.sees(r"Stopped \(tty input\) +cat", 1):
            break
    else:
        raise Failure(f"cat was not stopped; last output: {shell.fresh[-200:]!r}")
    shell.prompt()
    shell.line("kill -9 %1; wait")
    shell.prompt()
    equal(shell.run("true"), ("", 0))


def test_background_wait(t):
    """`wait` gives the status of a background job."""
    equal(t.shell().run("sh -c 'sleep 0.2; exit 5' & wait $!"), ("", 5))


def test_line_editing(t):
    """The line discipline: erase, kill, end of file, echo."""
    shell = t.shell()
    shell.start("cat")
    shell.send("abx" + ERASE + "c\n")
    shell.expect(r"^abc\r\n")
    shell.send("junk" + KILL + "good\n")
    shell.expect(r"^good\r\n")
    shell.send("no newline" + EOF + EOF)
    shell.expect("no newline.*no newline")
    shell.prompt()


def test_noecho(t):
    """`stty -echo` hides what is typed, and echo comes back."""
    shell = t.shell()
    shell.line("stty -echo; echo rea''dy; read x; stty echo; echo got $x")
    shell.expect("^ready\r")
    shell.line("secret")
    match = shell.expect(r"(?s)\A(.*)got secret\r")
    check("secret" not in match.group(1), "the typed line was echoed")
    shell.prompt()


def test_read_timeout(t):
    """A read from the terminal with a time limit."""
    equal(t.shell().run("read -t 1 x")[1] != 0, True, "failure of read -t")


def test_vi(t):
    """vi draws, edits and saves; the terminal is sane again afterwards."""
    shell = t.shell()
    shell.run("rm -f /tmp/vi.txt")
    shell.line("vi /tmp/vi.txt")
    shell.expect(r"- /tmp/vi\.txt .*%")
    shell.send("ifirst line\nsecond line\x1b")
    # The status line changes when vi has taken the escape for a key of its own.
    shell.expect(r"- /tmp/vi\.txt \[Modified\]")
    shell.send(":wq\n")
    shell.prompt()
    equal(shell.run("cat /tmp/vi.txt"), ("first line\nsecond line\n", 0))


def test_terminal_settings(t):
    """stty shows the settings of a fresh serial terminal."""
    output, status = t.shell().run("stty -a")
    equal(status, 0, "status")
    for word in ("isig", "icanon", "echo", "opost", "onlcr"):
        check(word in output.split(), f"stty -a does not show {word}: {output!r}")
    for key in ("intr = ^C;", "susp = ^Z;", "eof = ^D;"):
        check(key in output, f"stty -a does not show {key}: {output!r}")


def test_new_shell(t):
    """init starts a new shell after the old one ended."""
    shell = t.shell()
    shell.line("exit")
    shell.prompt()
    equal(shell.run("echo alive"), ("alive\n", 0))


def test_many_processes(t):
    """Two hundred processes one after the other."""
    script = "i=0; while [ $i -lt 200 ]; do /bin/busybox true || echo bad; i=$((i + 1)); done; echo $i"
    equal(t.shell().run(script, 300), ("200\n", 0))


def test_type_ahead(t):
    """What is typed while a program runs is read by the shell later."""
    shell = t.shell()
    shell.start("sleep 1")
    shell.line("echo ahea''d")
    shell.expect("^ahead\r")
    shell.prompt()


def test_poweroff(t):
    """`poweroff` ends the machine."""
    shell = t.boot()
    shell.line("poweroff")
    equal(shell.wait_end(), 0, "QEMU's exit status")
    check("Kernel panic" not in shell.seen, "the kernel panicked")


def test_reboot(t):
    """`reboot -f` resets the machine, which ends a QEMU started with -no-reboot."""
    shell = t.boot()
    shell.line("reboot -f")
    equal(shell.wait_end(), 0, "QEMU's exit status")
    check("Kernel panic" not in shell.seen, "the kernel panicked")
