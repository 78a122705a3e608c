#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""circles.py [--rooms] SOURCES BUILD ROOM...: files that call each other in a
circle; with --rooms which room of helper/ calls which, and by what.

A file calls another where its object names a symbol that the other's defines.
One line per circle: its files, and what each takes from the others. Exit
status 77 where the objects say nothing, as those of link-time optimization.
"""

import glob
import os
import re
import subprocess
import sys


def objects(sources, build, rooms):
    """(source, object) of what was made of a file that is there"""
    for room in rooms:
        for path in sorted(glob.glob(os.path.join(build, room, '*.o')) +
                           glob.glob(os.path.join(build, room, '.libs/*.o'))):
            stem = re.sub(r'^lib\w+_la-|^exoauth-', '',
                          os.path.basename(path)[:-2])
            source = os.path.join(room, stem + '.c')
            if os.path.exists(os.path.join(sources, source)):
                yield source, path


def graph(sources, build, rooms):
    """{file: {file: symbols that the first takes from the second}}"""
    defined, wanted = {}, {}
    for source, path in objects(sources, build, rooms):
        out = subprocess.run(['nm', path], check=True, text=True,
                             stdout=subprocess.PIPE).stdout
        for line in out.splitlines():
            kind, name = line.split()[-2:]
            if kind in 'Uw': # w: it may be there, and is used then
                wanted.setdefault(source, set()).add(name)
            elif kind in 'TDBRVCW':
                defined[name] = source
    if 'exo_err_set' not in defined:
        sys.exit(77)
    arrows = {}
    for source, names in wanted.items():
        for name in names:
            other = defined.get(name, source)
            if other != source:
                arrows.setdefault(source, {}).setdefault(
                    other, set()).add(name)
    return arrows


def reach(arrows, start):
    """every file that start leads to"""
    seen, todo = set(), [start]
    while todo:
        for other in arrows.get(todo.pop(), {}):
            if other not in seen:
                seen.add(other)
                todo.append(other)
    return seen


def rooms(arrows):
    """prints ROOM ROOM: FILE -> FILE, one for each pair of files"""
    for source in sorted(arrows):
        for other in sorted(arrows[source]):
            one, two = os.path.dirname(source), os.path.dirname(other)
            if one != two and one.startswith('helper/') and two.startswith('helper/'):
                print('%s %s: %s -> %s (%s)' % (
                    one[7:], two[7:], source, other,
                    ' '.join(sorted(arrows[source][other]))))


def main():
    if sys.argv[1] == '--rooms':
        rooms(graph(sys.argv[2], sys.argv[3], sys.argv[4:]))
        return
    arrows = graph(sys.argv[1], sys.argv[2], sys.argv[3:])
    leads = {source: reach(arrows, source) for source in arrows}
    told = set()
    for source in sorted(leads):
        circle = {o for o in leads[source] if source in leads.get(o, ())}
        if not circle or source in told:
            continue
        told |= circle
        takes = ['%s -> %s (%s)' % (a, b, ' '.join(sorted(arrows[a][b])))
                 for a in sorted(circle) for b in sorted(arrows[a])
                 if b in circle]
        print('; '.join(takes))


if __name__ == '__main__':
    main()
