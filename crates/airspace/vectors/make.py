"""Makes the oracle vectors beside it: pip install s2geometry==0.14.0 geographiclib==2.1; python make.py

polygons.csv   class;vertices of A;vertices of B;1 if they intersect   (S2Loop.Intersects, or closed form for "touch-*")
distances.csv  lat lng;lat lng;geodesic distance in mm                 (geographiclib)
edges.csv      lat lng of a point;lat lng lat lng of an edge;mm        (golden section along the geodesic)

Coordinates are 1e-9 degree. S2 is given the ECEF directions of points on the ellipsoid, and the same points along
edges over 10 km, so that both sides judge the same figure. S2's boundary is half open: exact touching is closed form.
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


def edges():
    golden = (math.sqrt(5) - 1) / 2
    with open(HERE / "edges.csv", "w") as out:
        for _ in range(500):
            lat, lng = PLACES[draw.choice(list(PLACES))]()
            length = 10 ** draw.uniform(0, 5.6)
            azimuth = draw.random() * 360
            a, b = fixed(lat, lng), fixed(*along(lat, lng, azimuth, length))
            near = along(lat, lng, azimuth, length * draw.uniform(-0.2, 1.2))
            p = fixed(*along(*near, draw.random() * 360, 10 ** draw.uniform(1, 5.5)))
            line = EARTH.Inverse(a[0] / E9, a[1] / E9, b[0] / E9, b[1] / E9)

            def metres(s):
                foot = along(a[0] / E9, a[1] / E9, line["azi1"], s)
                return EARTH.Inverse(p[0] / E9, p[1] / E9, *foot)["s12"]

            low, high = 0.0, line["s12"]
            for _ in range(55):
                m1, m2 = high - golden * (high - low), low + golden * (high - low)
                low, high = (low, m2) if metres(m1) < metres(m2) else (m1, high)
            mm = 1000 * min(metres(0.0), metres(line["s12"]), metres((low + high) / 2))
            out.write(f"{p[0]} {p[1]};{a[0]} {a[1]} {b[0]} {b[1]};{mm:.3f}\n")


polygons()
distances()
edges()
