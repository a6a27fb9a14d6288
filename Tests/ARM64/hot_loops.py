#!/usr/bin/env python3
"""Reads the NEON page's assembly (objdump -d): the loops of its register tiles must be loads and multiply-adds.

In each innermost loop of a tile: every multiply-add takes its term by lane (`fmla v0.4s, v1.4s, v2.s[3]`), none works
on a single float, nothing is called, and no vector goes to memory or comes from the stack. Prints the instructions
that aren't multiply-adds, for each that is one. The peak probe's loop is multiply-adds and a counter.
"""
import re
import sys

# What each kind of tile must be found as often, at least, and what its largest may have of other instructions.
LARGEST = {"MultiplyKernel": (96, 0.22), "WeightsKernel": (96, 0.28)}


def functions(path):
    """The instructions of each function: address, mnemonic, operands."""
    found, body = {}, []
    for line in open(path):
        if match := re.match(r"^[0-9a-f]+ <(.*)>:", line):
            body = found.setdefault(match[1], [])
        elif match := re.match(r"^\s+([0-9a-f]+):\s+(\S+)\s*(.*)", line):
            body.append((int(match[1], 16), match[2], match[3]))
    return found


def innermost_loops(body):
    """The bodies of the loops that have no other one inside."""
    loops = []
    for address, mnemonic, operands in body:
        target = re.search(r"([0-9a-f]+) <", operands)
        jumps = mnemonic.startswith("b.") or mnemonic in ("b", "cbz", "cbnz", "tbz", "tbnz")
        if jumps and target and body[0][0] <= int(target[1], 16) <= address:
            loops.append((int(target[1], 16), address))
    for first, last in loops:
        if not any((a, b) != (first, last) and first <= a and b <= last for a, b in loops):
            yield [i for i in body if first <= i[0] <= last]


def faults(loop, by_lane):
    """What a tile's loop has that it shouldn't."""
    for _, mnemonic, operands in loop:
        if mnemonic == "fmla" and by_lane and not re.search(r"\.s\[\d\]$", operands.split("//")[0].strip()):
            yield f"a multiply-add of whole vectors: {operands}"
        if mnemonic.startswith(("fmadd", "fmul", "fadd", "ld1r", "dup")):
            yield f"{mnemonic} {operands}"
        if mnemonic.startswith(("bl", "str", "stp", "stur")) and mnemonic != "b.le":
            yield f"{mnemonic} {operands}"
        if mnemonic.startswith("ld") and operands.startswith("q") and re.search(r"\[(sp|x29)", operands):
            yield f"a vector from the stack: {operands}"


def main(path):
    wrong = 0
    seen = {kind: [] for kind in LARGEST}
    for name, body in functions(path).items():
        kind = re.search(r"\d(MultiplyKernel|WeightsKernel|MultiplyAddProbe)O3run", name)
        if not kind:
            continue
        for loop in innermost_loops(body):
            products = sum(i[1] == "fmla" for i in loop)
            if not products:
                continue
            share = (len(loop) - products) / products
            if kind[1] in seen:
                seen[kind[1]].append((products, share))
            print(f"{kind[1]}: {products} multiply-adds, {share:.2f} other instructions for each")
            for fault in faults(loop, by_lane=kind[1] in seen):
                wrong += 1
                print(f"  {fault}")
    for kind, (products, most) in LARGEST.items():
        shares = [share for count, share in seen[kind] if count == products]
        if len(seen[kind]) < 4 or not shares or max(shares) > most:
            wrong += 1
            print(f"{kind}: no loop of {products} multiply-adds with {most} others at most; does this read them wrong?")
    return 1 if wrong else 0


sys.exit(main(sys.argv[1]))
