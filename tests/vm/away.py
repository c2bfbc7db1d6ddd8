# SPDX-License-Identifier: GPL-2.0-or-later
"""A panicked Debian machine, with kdump and with Debian's kdump-tools: how long it is away, how little memory each needs.

script/bench --away and script/smallest-reservation --debian come here. Nothing is asserted.
"""

import contextlib
import statistics
import tempfile

from lab import LabError, setups

SETUPS = (setups.KDUMP, setups.KDUMP_TOOLS)
SAME_FOR_BOTH = "256M"


@contextlib.contextmanager
def _guest(set_up, memory):
    with tempfile.TemporaryDirectory(prefix=f"kdump-{set_up.name}-", dir="/var/tmp") as work, \
            setups.guest(set_up, f"{work}/guest", memory=memory) as machine:
        yield machine


def _rounds(machines, rounds):
    """[(ours, peer's)]: while one machine crashes the other stands still. The first round is not counted."""
    done = []
    for _ in range(rounds + 1):
        pair = []
        for machine in machines:
            machine.qmp.cont()
            if not setups.is_loaded(machine):
                raise LabError(f"{machine.set_up.name}: no crash kernel is loaded with {setups.reserved(machine)}")
            pair.append(setups.crash(machine))
            machine.guest.run("rm -rf /var/crash/*; sync")
            machine.qmp.stop()
        done.append(pair)
    return done[1:]


def _show(what, ours, peer):
    ratios = [p / o for o, p in zip(ours, peer)]
    print(f"  {what:36} {statistics.median(ours):9.1f} {statistics.median(peer):12.1f} {statistics.median(ratios):7.2f} "
          f"{min(ratios):6.2f} {max(ratios):6.2f}", flush=True)


def _compare(machines, rounds, title):
    print(f"\n{title}, {rounds} rounds\n  {'':36} {'kdump':>9} {'kdump-tools':>12} {'ratio':>7} {'min':>6} {'max':>6}")
    ours, peer = zip(*_rounds(machines, rounds))
    for what, figure in (("panic to reset, s", "reset"), ("panic to login prompt, s", "login"), ("dump, MB", "megabytes")):
        _show(what, [getattr(each, figure) for each in ours], [getattr(each, figure) for each in peer])


def compare(rounds, memory="1G"):
    """Prints the times of both, with the reservation of each one's own choice and with one size for both."""
    with contextlib.ExitStack() as stack:
        machines, chosen = [], []
        for set_up in SETUPS:
            machine = stack.enter_context(_guest(set_up, memory))
            chosen.append(f"{set_up.name} {setups.reserved(machine)}")
            machine.qmp.stop()
            machines.append(machine)
        _compare(machines, rounds, f"Debian guest of {memory}, crashkernel= as each chooses ({', '.join(chosen)})")
        for machine in machines:
            machine.qmp.cont()
            setups.reserve(machine, SAME_FOR_BOTH)
            machine.qmp.stop()
        _compare(machines, rounds, f"Debian guest of {memory}, crashkernel={SAME_FOR_BOTH}")


def _captures(machine, size_mib):
    """Whether a panic leaves a whole dump with this reservation."""
    try:
        setups.reserve(machine, f"{size_mib}M")
        if not setups.is_loaded(machine):
            return False, "not loaded"
        away = setups.crash(machine)
        return True, f"{away.reset:.0f} s to the reset"
    except LabError as error:
        setups.recover(machine)
        return False, str(error).splitlines()[0]


def smallest(memory, step, lowest=32, highest=160):
    """Prints the smallest reservation of each with which a panic leaves a whole dump, exact to the step."""
    found = {}
    for set_up in SETUPS:
        with _guest(set_up, memory) as machine:
            chosen = setups.reserved(machine)
            low, high = lowest, highest  # low fails, high works
            while high - low > step:
                middle = (low + high) // 2 // step * step
                works, why = _captures(machine, middle)
                print(f"  {set_up.name}: crashkernel={middle}M: {'yes' if works else 'no'} ({why})", flush=True)
                low, high = (low, middle) if works else (middle, high)
        found[set_up.name] = f"{high}M" if high < highest else f"more than {highest - step}M", chosen
    print(f"\nDebian guest of {memory}:")
    for name, (size, chosen) in found.items():
        print(f"  {name}: crashkernel={size} captures (it chooses {chosen} itself)")
