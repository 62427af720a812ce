"""Makes the oracle vectors beside it: pip install s2geometry==0.14.0 geographiclib==2.1; python make.py

polygons.csv   class;vertices of A;vertices of B;1 if they intersect   (S2Loop.Intersects, or closed form for "touch-*")
distances.csv  lat lng;lat lng;geodesic distance in mm                 (geographiclib)
edges.csv      lat lng of a point;lat lng lat lng of an edge;mm        (golden section along the geodesic)
close.csv      as polygons.csv: slivers of 1 mm to 1 m, corners on the edge of the other within the grid ("near-edge")
               or exactly ("on-edge", closed form, on the equator and its kin)
gears.csv      corners lat lng radius of A;of B;1 if they intersect    (S2; up to 10,000 corners, see gear())
covers.csv     vertices of A;vertices of B;1 if A contains B           (S2Loop.Contains)
discs.csv      vertices;lat lng of a point;mm between, 0 inside        (S2Loop.Contains, golden section)
routes.csv     lat lng lat lng of a route;the same of another;mm       (golden section within golden section)
areas.csv      vertices;square metres of the smaller side              (geographiclib)

Coordinates are 1e-9 degree. S2 is given the ECEF directions of points on the ellipsoid, and the same points along
edges over 10 km, so that both sides judge the same figure. S2's boundary is half open: exact touching is closed form.

Whether a sliver crosses itself is asked down to 1 mm. At 0.1 mm its corners fall on one meridian of the grid; then the
last bit of their directions (1 nm) decides, and S2 and we differ both ways (545 of 12,500; none of 25,000 from 0.3 mm).
"""
import math
import pathlib
import random

import s2geometry as s2
from geographiclib.geodesic import Geodesic

EARTH = Geodesic.WGS84
HERE = pathlib.Path(__file__).parent
E9 = 10**9
draw = random.Random(20170407)


def fixed(lat, lng):
    lng = (lng + 540.0) % 360.0 - 180.0
    return round(lat * E9), round(lng * E9)


def along(lat, lng, azimuth, metres):
    line = EARTH.Direct(lat, lng, azimuth, metres)
    return line["lat2"], line["lon2"]


def point(lat, lng):
    lat, lng = math.radians(lat), math.radians(lng)
    f = 1 / 298.257223563
    x, y, z = math.cos(lat) * math.cos(lng), math.cos(lat) * math.sin(lng), (1 - f) ** 2 * math.sin(lat)
    n = math.sqrt(x * x + y * y + z * z)
    return s2.S2Point_FromRaw(x / n, y / n, z / n)


def ring(vertices):
    points = []
    for i, v in enumerate(vertices):
        w = vertices[(i + 1) % len(vertices)]
        points.append(point(v[0] / E9, v[1] / E9))
        (p, q), back = ((v, w), False) if v < w else ((w, v), True)
        line = EARTH.Inverse(p[0] / E9, p[1] / E9, q[0] / E9, q[1] / E9)
        count = max(1, math.ceil(line["s12"] / 10000.0)) if line["s12"] > 9900 else 1
        steps = range(1, count)
        for k in reversed(steps) if back else steps:
            points.append(point(*along(p[0] / E9, p[1] / E9, line["azi1"], line["s12"] * k / count)))
    return points


def loop(vertices):
    made = s2.S2Loop()
    made.Init(ring(vertices))
    if not made.IsValid():
        return None
    made.Normalize()
    return made


def star(lat, lng, radius, count, thin=1.0):
    offset = draw.random() * 360
    spread = [offset + 360 / count * (i + 0.7 * draw.random()) for i in range(count)]
    out = []
    for azimuth in spread:
        r = radius * (0.3 + 0.7 * draw.random())
        north, east = r * math.cos(math.radians(azimuth)), r * math.sin(math.radians(azimuth)) * thin
        out.append(fixed(*along(lat, lng, math.degrees(math.atan2(east, north)), math.hypot(north, east))))
    return out


PLACES = {
    "anywhere": lambda: (math.degrees(math.asin(draw.uniform(-1, 1))), draw.uniform(-180, 180)),
    "antimeridian": lambda: (draw.uniform(-80, 80), 180 + draw.uniform(-0.01, 0.01)),
    "pole": lambda: (draw.choice([-1, 1]) * (90 - 10 ** draw.uniform(-6, 0)), draw.uniform(-180, 180)),
    "face-edge": lambda: (draw.choice([35.2643896, -35.2643896, 0.0, 45.1]), draw.choice([45, 135, -45, -135])),
    "equator": lambda: (draw.uniform(-0.001, 0.001), draw.uniform(-180, 180)),
}


def polygons():
    rows = []
    for place, pick in PLACES.items():
        for size, low, high, cases in (("small", 1, 3.6, 350), ("wide", 4.3, 5.9, 45)):
            for thin, name in ((1.0, ""), (1e-4, "-sliver")):
                for _ in range(cases if thin == 1.0 else cases // 3):
                    # Slivers stay 10 cm wide or more: at the grid of the coordinates their corners fall on one meridian.
                    radius = 10 ** draw.uniform(low if thin == 1.0 else max(low, 3), high)
                    lat, lng = pick()
                    a = star(lat, lng, radius, draw.randint(3, 9), thin)
                    shrink = 10 ** draw.uniform(-2, 0)
                    lat, lng = along(lat, lng, draw.random() * 360 if thin == 1.0 else 0, radius * draw.uniform(0, 1.6))
                    if thin < 1.0:
                        lat, lng = along(lat, lng, 90, radius * thin * draw.uniform(-1, 1))
                    b = star(lat, lng, radius * shrink, draw.randint(3, 9), thin)
                    la, lb = loop(a), loop(b)
                    if la and lb and not set(a) & set(b):
                        rows.append((f"{place}-{size}{name}", a, b, int(la.Intersects(lb))))
        for _ in range(60):
            # Two figures on either side of a shared vertex or edge: closed form, they touch.
            lat, lng = pick()
            azimuth, r = draw.random() * 360, 10 ** draw.uniform(1, 3.6)
            at = lambda angle, k=1.0: fixed(*along(lat, lng, azimuth + angle, r * k))
            hub, end = fixed(lat, lng), at(0)
            rows.append(("touch-vertex", [hub, at(20), at(60)], [hub, at(200), at(250)], 1))
            rows.append(("touch-edge", [hub, end, at(50)], [end, hub, at(-50)], 1))
    with open(HERE / "polygons.csv", "w") as out:
        for name, a, b, meets in rows:
            flat = lambda vertices: " ".join(f"{lat} {lng}" for lat, lng in vertices)
            out.write(f"{name};{flat(a)};{flat(b)};{meets}\n")


def distances():
    with open(HERE / "distances.csv", "w") as out:
        for _ in range(2000):
            lat, lng = PLACES[draw.choice(list(PLACES))]()
            a = fixed(lat, lng)
            b = fixed(*along(lat, lng, draw.random() * 360, 10 ** draw.uniform(0, 5.95)))
            mm = EARTH.Inverse(a[0] / E9, a[1] / E9, b[0] / E9, b[1] / E9)["s12"] * 1000
            out.write(f"{a[0]} {a[1]};{b[0]} {b[1]};{mm:.3f}\n")


def least(metres, length, steps):
    golden = (math.sqrt(5) - 1) / 2
    low, high = 0.0, length
    for _ in range(steps):
        m1, m2 = high - golden * (high - low), low + golden * (high - low)
        low, high = (low, m2) if metres(m1) < metres(m2) else (m1, high)
    return min(metres(0.0), metres(length), metres((low + high) / 2))


def along_edge(a, b):
    line = EARTH.Inverse(a[0] / E9, a[1] / E9, b[0] / E9, b[1] / E9)
    return line["s12"], lambda s: along(a[0] / E9, a[1] / E9, line["azi1"], s)


def to_edge(p, a, b, steps):
    length, at = along_edge(a, b)
    return least(lambda s: EARTH.Inverse(*p, *at(s))["s12"], length, steps)


def edges():
    with open(HERE / "edges.csv", "w") as out:
        for _ in range(500):
            lat, lng = PLACES[draw.choice(list(PLACES))]()
            length = 10 ** draw.uniform(0, 5.6)
            azimuth = draw.random() * 360
            a, b = fixed(lat, lng), fixed(*along(lat, lng, azimuth, length))
            near = along(lat, lng, azimuth, length * draw.uniform(-0.2, 1.2))
            p = fixed(*along(*near, draw.random() * 360, 10 ** draw.uniform(1, 5.5)))
            mm = 1000 * to_edge((p[0] / E9, p[1] / E9), a, b, 55)
            out.write(f"{p[0]} {p[1]};{a[0]} {a[1]} {b[0]} {b[1]};{mm:.3f}\n")


def flat(vertices):
    return " ".join(f"{lat} {lng}" for lat, lng in vertices)


def close():
    with open(HERE / "close.csv", "w") as out:
        for place, pick in PLACES.items():
            for _ in range(160):
                radius, width = 10 ** draw.uniform(1, 3.6), 10 ** draw.uniform(-3, 0)
                lat, lng = pick()
                a = star(lat, lng, radius, draw.randint(3, 7), width / radius)
                lat, lng = along(*along(lat, lng, 0, radius * draw.uniform(0, 1.2)), 90, width * draw.uniform(-1, 1))
                short = radius * 10 ** draw.uniform(-2, 0)
                b = star(lat, lng, short, draw.randint(3, 7), min(width / short, 1))
                la, lb = loop(a), loop(b)
                if la and lb and not set(a) & set(b):
                    out.write(f"{place}-thin;{flat(a)};{flat(b)};{int(la.Intersects(lb))}\n")
            for _ in range(80):
                lat, lng = pick()
                azimuth, r = draw.random() * 360, 10 ** draw.uniform(1, 3.6)
                at = lambda angle, k, here=(lat, lng): fixed(*along(*here, azimuth + angle, r * k))
                a = [fixed(lat, lng), at(0, 1), at(40, 1)]
                off = 10 ** draw.uniform(-6, -2) * draw.choice([-1, 1])
                hub = along(*along(lat, lng, azimuth, r * draw.uniform(0.1, 0.9)), azimuth - 90, off)
                b = [fixed(*hub), at(-60, 0.5, hub), at(-120, 0.6, hub)]
                la, lb = loop(a), loop(b)
                if la and lb:
                    out.write(f"{place}-near-edge;{flat(a)};{flat(b)};{int(la.Intersects(lb))}\n")
        for _ in range(80):
            # Where a coordinate of the direction is exactly zero, a corner can be exactly on an edge.
            west, length = draw.randrange(-180, 170) * E9, draw.randrange(10**4, 8 * 10**7)
            on, off = west + draw.randrange(1, length), draw.randrange(10**3, 5 * 10**7)
            a = [(0, west), (0, west + length), (off, west)]
            b = [(0, on), (-off, on), (-off, on + length)]
            out.write(f"equator-on-edge;{flat(a)};{flat(b)};1\n")
            meridian, south = draw.choice([-90, 0, 90, 180]) * E9, draw.randrange(-80, 70) * E9
            side = -1 if meridian > 0 else 1
            a = [(south, meridian), (south + length, meridian), (south, meridian + side * off)]
            on, west = south + draw.randrange(1, length), meridian - off * side
            b = [(on, meridian), (on, west), (on + length, west)]
            b = [(lat, lng - 360 * E9 if lng > 180 * E9 else lng) for lat, lng in b]
            out.write(f"meridian-on-edge;{flat(a)};{flat(b)};1\n")


def gear(count, lat, lng, radius):
    """Every other corner is a thousandth nearer; plain degrees."""
    out = []
    for i in range(count):
        angle, r = 2 * math.pi * i / count, radius if i % 2 == 0 else 0.999 * radius
        out.append((round(lat + r * math.cos(angle)), round(lng + r * math.sin(angle))))
    return out


def gears():
    with open(HERE / "gears.csv", "w") as out:
        for _ in range(24):
            lat, lng = draw.randrange(-60 * E9, 60 * E9), draw.randrange(-170 * E9, 170 * E9)
            radius = 10 ** draw.randint(6, 8)
            counts = draw.choice([(10_000, 10_000), (10_000, 9_998), (10_000, 4)])
            angle, apart = draw.random() * 7, 2 * radius * draw.uniform(0.997, 1.001)
            other = round(lat + apart * math.cos(angle)), round(lng + apart * math.sin(angle))
            la, lb = loop(gear(counts[0], lat, lng, radius)), loop(gear(counts[1], *other, radius))
            first, second = f"{counts[0]} {lat} {lng} {radius}", f"{counts[1]} {other[0]} {other[1]} {radius}"
            out.write(f"{first};{second};{int(la.Intersects(lb))}\n")


def covers():
    with open(HERE / "covers.csv", "w") as out:
        for pick in PLACES.values():
            for _ in range(120):
                (lat, lng), radius = pick(), 10 ** draw.uniform(1, 5.3)
                a = star(lat, lng, radius, draw.randint(3, 9))
                lat, lng = along(lat, lng, draw.random() * 360, radius * draw.uniform(0, 0.4))
                b = star(lat, lng, radius * 10 ** draw.uniform(-2, -0.3), draw.randint(3, 9))
                la, lb = loop(a), loop(b)
                if la and lb:
                    out.write(f"{flat(a)};{flat(b)};{int(la.Contains(lb))}\n")


def discs():
    with open(HERE / "discs.csv", "w") as out:
        for _ in range(200):
            (lat, lng), radius = PLACES[draw.choice(list(PLACES))](), 10 ** draw.uniform(1, 4.8)
            a = star(lat, lng, radius, draw.randint(3, 6))
            p = fixed(*along(lat, lng, draw.random() * 360, radius * draw.uniform(0, 3)))
            made = loop(a)
            if made:
                inside = made.Contains(point(p[0] / E9, p[1] / E9))
                near = (to_edge((p[0] / E9, p[1] / E9), v, w, 40) for v, w in zip(a, a[1:] + a[:1]))
                out.write(f"{flat(a)};{flat([p])};{0 if inside else 1000 * min(near):.3f}\n")


def routes():
    with open(HERE / "routes.csv", "w") as out:
        for _ in range(120):
            (lat, lng), length = PLACES[draw.choice(list(PLACES))](), 10 ** draw.uniform(1, 4.8)
            ends = lambda lat, lng, k: (fixed(lat, lng), fixed(*along(lat, lng, draw.random() * 360, length * k)))
            a = ends(lat, lng, 1)
            b = ends(*along(lat, lng, draw.random() * 360, length * draw.uniform(0, 2)), draw.uniform(0.1, 1))
            long, at = along_edge(*a)
            mm = 1000 * least(lambda s: to_edge(at(s), *b, 36), long, 36)
            out.write(f"{flat(a)};{flat(b)};{mm:.3f}\n")


def areas():
    earth = 510065621724088.4
    with open(HERE / "areas.csv", "w") as out:
        for _ in range(200):
            (lat, lng), radius = PLACES[draw.choice(list(PLACES))](), 10 ** draw.uniform(1, 6)
            a = star(lat, lng, radius, draw.randint(3, 9))
            outline = EARTH.Polygon()
            for v in a:
                outline.AddPoint(v[0] / E9, v[1] / E9)
            m2 = outline.Compute(False, False)[2]
            if loop(a):
                out.write(f"{flat(a)};{min(m2, earth - m2):.3f}\n")


polygons()
distances()
edges()
close()
gears()
covers()
discs()
routes()
areas()
