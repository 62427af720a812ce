"""Crossings of a line: section 16 of the channel protocol, read from the page alone, against the golden file."""

import unittest
from pathlib import Path

GOLDEN = Path(__file__).resolve().parents[3] / "crates/airspace/vectors/crossings"
TURN, TRILLION = 360 * 10**9, 10**12

Place = tuple[int, int]  # longitude, latitude
Report = tuple[int, int, int]  # time, latitude, longitude


def beside(before: int, lng: int) -> int:
    """The longitude, the short way round from the one before it."""
    return before + (lng - before + TURN // 2) % TURN - TURN // 2


def side(a: Place, b: Place, p: Place) -> int:
    return (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0])


def points_of(given: list[Place]) -> list[Place] | None:
    """The points of a line, or none when nothing can be counted by it. Given as latitude, longitude."""
    points: list[Place] = []
    for lat, lng in given:
        point = (beside(points[-1][0], lng) if points else lng, lat)
        if not points or points[-1] != point:
            points.append(point)
    is_area = len(given) > 2 and given[0] == given[-1]
    longitudes = [lng for lng, _ in points]
    if len(points) < (4 if is_area else 2) or max(longitudes) - min(longitudes) >= TURN:
        return None
    doubled = sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(points, points[1:]))
    if is_area and (doubled == 0 or points[0] != points[-1]):
        return None
    return points


def is_on(points: list[Place], lng: int, lat: int) -> bool:
    for turn in (-TURN, 0, TURN):
        p = (lng + turn, lat)
        for a, b in zip(points, points[1:]):
            between = all(min(a[i], b[i]) <= p[i] <= max(a[i], b[i]) for i in (0, 1))
            if between and side(a, b, p) == 0:
                return True
    return False


def step(points: list[Place], p: Place, q: Place) -> list[tuple[int, int]]:
    """How far along, in trillionths, and in which direction a step crosses."""
    met: dict[int, list[int]] = {}
    for turn in (-2 * TURN, -TURN, 0, TURN, 2 * TURN):
        here, there = (p[0] + turn, p[1]), (q[0] + turn, q[1])
        for a, b in zip(points, points[1:]):
            if (side(here, there, a) >= 0) == (side(here, there, b) >= 0):
                continue
            before, after = side(a, b, here), side(a, b, there)
            if (before > 0 and after < 0) or (before < 0 and after > 0):
                along = TRILLION * abs(before) // (abs(before) + abs(after))
                met.setdefault(along, []).append(0 if before > 0 else 1)
    found = []
    for along in sorted(met):
        right, left = met[along].count(0), met[along].count(1)
        found += [(along, 0)] * max(0, right - left) + [(along, 1)] * max(0, left - right)
    return found


def crossings(points: list[Place], track: list[Report]) -> tuple[list[tuple[int, int, int, int]], list[tuple[int, int]]]:
    found: list[tuple[int, int, int, int]] = []
    gaps: list[tuple[int, int]] = []
    last: Report | None = None
    for time, lat, lng in track:
        if (last and time <= last[0]) or is_on(points, lng, lat):
            continue
        if last:
            p = (last[2], last[1])
            q = (beside(p[0], lng), lat)
            met = step(points, p, q)
            if time - last[0] > 300 * 10**9:
                gaps += [(last[0], time)] if met else []
            else:
                for along, direction in met:
                    at = [v + ((w - v) * along + TRILLION // 2) // TRILLION for v, w in zip((last[0], *p), (time, *q))]
                    if found and found[-1][3] != direction and at[0] - found[-1][0] <= 30 * 10**9:
                        found.pop()
                    else:
                        found.append((at[0], at[2], (at[1] + TURN // 2) % TURN - TURN // 2, direction))
        last = (time, lat, lng)
    return found, gaps


def numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split(","))


class Line(unittest.TestCase):
    def test_the_golden_crossings_are_those_of_the_page(self) -> None:
        cases = GOLDEN.read_text().split("line ")[1:]
        counted = 0
        for case in cases:
            given, track, *expected = case.splitlines()
            points = points_of([numbers(pair) for pair in given.split()])
            if points is None:
                self.assertEqual(expected, ["none"], given)
                continue
            found, gaps = crossings(points, [numbers(report) for report in track.split()[1:]])
            told = ["crossing " + ",".join(map(str, one)) for one in found] + [f"gap {a},{b}" for a, b in gaps]
            self.assertEqual(told, expected, given)
            counted += len(found)
        self.assertGreater(counted, 100)


if __name__ == "__main__":
    unittest.main()
