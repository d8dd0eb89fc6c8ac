"""Plays the person at a terminal who makes a recovery key: reads the words from the screen and types them back.

usage: type_back.py MODE PROGRAM ARGUMENT...      MODE is right or wrong

Prints one line of JSON: the exit code, what the terminal showed, what the program wrote to its standard output, and
whether a typed word was echoed. Python's standard library alone.
"""

import json
import os
import pty
import re
import select
import subprocess
import sys
import time

DEADLINE_SECONDS = 120
ASKED = re.compile(r"(word (\d+)|passphrase(?: again)?): $")


def main() -> None:
    mode, *command = sys.argv[1:]
    screen, asked = "", 0
    master, slave = pty.openpty()
    # The terminal is the program's input and error stream; the report goes to a pipe, as in a script.
    program = subprocess.Popen(command, stdin=slave, stderr=slave, stdout=subprocess.PIPE, close_fds=True)
    os.close(slave)
    answered = 0
    end = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < end:
        ready, _, _ = select.select([master], [], [], 0.1)
        if ready:
            try:
                chunk = os.read(master, 4096)
            except OSError:
                break
            if not chunk:
                break
            screen += chunk.decode("utf-8", "replace").replace("\r\n", "\n")
        elif program.poll() is not None:
            break
        question = ASKED.search(screen[answered:])
        if question:
            answered = len(screen)
            answer = reply(question, screen, mode)
            asked += 1
            os.write(master, (answer + "\n").encode())
            time.sleep(0.05)
    if program.poll() is None:
        program.terminate()
    report = program.stdout.read().decode()
    code = program.wait()
    echoed = re.search(r"(?m)^(?:word \d+|passphrase(?: again)?): .+$", screen) is not None
    print(json.dumps({"code": code, "screen": screen, "report": report, "echoed": echoed, "asked": asked}))


def reply(question: "re.Match[str]", screen: str, mode: str) -> str:
    if question.group(2) is None:
        return "a passphrase typed twice"
    words = dict(re.findall(r"(?m)(?:^|\s)(\d{1,2}) ([a-z]{3,8})\b", screen))
    return words[question.group(2)] if mode == "right" else "zebra-" + question.group(2)


main()
