"""How well drawn and photographed digits are read, beside the same digits as MNIST has them.

    python benchmarks/drawings.py [lenet5 cnn] [--digits 2000] [--only photographed ...]
        [--augmentation '{}' '{"rotate": 15}' ...]

Run it from the project's root with the product's own packages. Every kind is made of test digits,
with the same random numbers each time: large, small, in colours, on ruled paper, photographed. It
goes the way of an upload, bytes through `app/vision`, into networks that are trained here by their
presets' recipes (cnn takes some ten minutes), or with other augmentations, one after the other, so
that a recipe can be chosen by what it does for drawings. Printed is the share that is read right,
and how many points more or less that is than of the clean digits.
"""

import argparse
import os
import sys
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

sys.path.insert(0, str(Path(__file__).parent.parent))

from app.domain.augmentation import Augmentation
from app.domain.definitions import build
from app.domain.errors import UnusableImage
from app.domain.presets import PRESETS
from app.store import mnist
from app.vision.prepare import prepare
from app.vision.strokes import rasterize
from engine.batches import Samples
from engine.training import Training

WHITE = (255, 255, 255)
ORIENTATION = 0x0112


def large(digit, side):
    """A digit's ink, 0..255, enlarged smoothly."""
    return Image.fromarray(digit).resize((side, side), Image.Resampling.BICUBIC)


def on_paper(ink, paper, place, colour=0):
    """Ink of one colour laid on paper, a picture of its own."""
    page = paper.copy()
    page.paste(colour, (*place, place[0] + ink.width, place[1] + ink.height), ink)
    return page


def middle(page, ink):
    return (page.width - ink.width) // 2, (page.height - ink.height) // 2


def somewhere(page, ink, rng):
    return int(rng.integers(0, page.width - ink.width)), int(
        rng.integers(0, page.height - ink.height)
    )


def encoded(picture, kind="PNG", **options):
    buffer = BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def as_it_is(digit, rng):
    return encoded(Image.fromarray(digit))


def inverted(digit, rng):
    return encoded(Image.fromarray(255 - digit))


def transparent(digit, rng):
    """Ink of any brightness on nothing."""
    picture = Image.new("RGBA", digit.shape, (*[int(rng.integers(0, 256))] * 3, 0))
    picture.putalpha(Image.fromarray(digit))
    return encoded(picture)


def in_colour(digit, rng):
    """Ink and paper of any two colours that a person can tell apart."""
    while True:
        ink, paper = rng.integers(0, 256, (2, 3))
        if np.abs(ink - paper).sum() > 150:
            break
    page = Image.new("RGB", (280, 280), tuple(paper.tolist()))
    return encoded(on_paper(large(digit, 280), page, (0, 0), tuple(ink.tolist())))


def off_centre(digit, rng):
    page, ink = Image.new("L", (400, 400), 255), large(digit, 140)
    return encoded(on_paper(ink, page, somewhere(page, ink, rng)))


def tiny(digit, rng):
    page, ink = Image.new("L", (640, 480), 255), large(digit, 28)
    return encoded(on_paper(ink, page, somewhere(page, ink, rng)))


def huge(digit, rng):
    page, ink = Image.new("L", (1300, 1300), 255), large(digit, 1600)
    return encoded(on_paper(ink, page, middle(page, ink)))


def turned_by_exif(digit, rng):
    """A camera that was held upright, and says so beside the picture."""
    page = Image.new("L", (280, 280), 255)
    picture = on_paper(large(digit, 280), page, (0, 0)).transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    return encoded(picture, "JPEG", exif=exif, quality=90)


def redrawn(digit, change):
    """The digit's lines made thinner or thicker, four times as large."""
    ink = large(digit, 224).point(lambda value: 255 * (value > 127)).filter(change)
    page = Image.new("L", (224, 224), 255)
    return encoded(on_paper(ink.filter(ImageFilter.GaussianBlur(1)), page, (0, 0)))


def with_a_thin_pen(digit, rng):
    """Lines as thin as their skeleton, which 28 pixels would hardly show."""
    rows, columns = np.nonzero(skeleton(np.asarray(large(digit, 84)) > 127))
    page = Image.new("L", (336, 336), 255)
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        ImageDraw.Draw(page).rectangle([column * 4, row * 4, column * 4 + 4, row * 4 + 4], fill=0)
    return encoded(page)


def with_a_thick_pen(digit, rng):
    return redrawn(digit, ImageFilter.MaxFilter(17))


def noisy_jpeg(digit, rng):
    page = Image.new("L", (224, 224), 255)
    picture = np.asarray(on_paper(large(digit, 224), page, (0, 0)), np.float32)
    return encoded(grainy(picture, 12, rng), "JPEG", quality=30)


def grainy(picture, deviation, rng):
    """A picture (height, width[, 3]) of floats with a sensor's noise."""
    noise = deviation * rng.standard_normal(picture.shape, np.float32)
    return Image.fromarray(np.clip(picture + noise, 0, 255).astype(np.uint8))


def light(size, rng):
    """How bright a page is lit, 0..1: brighter to one side, and in the shadow of a hand or so."""
    x, y = np.meshgrid(np.linspace(-1, 1, size[0]), np.linspace(-1, 1, size[1]))
    angle = rng.uniform(0, 2 * np.pi)
    slope = (np.cos(angle) * x + np.sin(angle) * y) * rng.uniform(0.1, 0.3)
    angle = rng.uniform(0, 2 * np.pi)
    edge = np.cos(angle) * x + np.sin(angle) * y - rng.uniform(0.2, 1.2)
    shadow = rng.uniform(0.1, 0.35) / (1 + np.exp(-edge / 0.15))
    return (0.7 + slope - shadow).astype(np.float32)[..., np.newaxis]


def pen_colour(rng):
    """Black, blue or pencil."""
    return [(25, 25, 30), (30, 40, 120), (80, 80, 85)][rng.integers(3)]


def in_a_shadow(digit, rng):
    page = Image.new("RGB", (320, 320), WHITE)
    page = on_paper(large(digit, 280), page, (20, 20), pen_colour(rng))
    lit = np.asarray(page, np.float32) * light(page.size, rng)
    return encoded(grainy(lit, 3, rng))


def ruled(size, spacing, rng, squared=False):
    """Paper with faint lines, level or both ways."""
    page = Image.new("RGB", size, WHITE)
    draw = ImageDraw.Draw(page)
    colour = [(170, 195, 225), (195, 195, 200), (225, 180, 180)][rng.integers(3)]
    start, width = int(rng.integers(0, spacing)), int(rng.integers(1, 3))
    for at in range(start, max(size), spacing):
        draw.line([0, at, size[0], at], fill=colour, width=width)
        if squared:
            draw.line([at, 0, at, size[1]], fill=colour, width=width)
    return page


def on_ruled_paper(digit, rng):
    page, ink = ruled((360, 360), int(rng.integers(70, 110)), rng), large(digit, 200)
    return encoded(on_paper(ink, page, somewhere(page, ink, rng), pen_colour(rng)))


def on_squared_paper(digit, rng):
    page, ink = ruled((360, 360), int(rng.integers(35, 60)), rng, squared=True), large(digit, 200)
    return encoded(on_paper(ink, page, somewhere(page, ink, rng), pen_colour(rng)))


def photographed(digit, rng):
    """Ruled or squared paper, from not quite above, unevenly lit, a little blurred, as a JPEG."""
    paper = ruled((640, 640), int(rng.integers(60, 140)), rng, squared=bool(rng.integers(2)))
    ink = large(digit, int(rng.integers(240, 380)))
    place = [int(rng.integers(100, 540 - ink.width)) for _ in range(2)]
    page = on_paper(ink, paper, place, pen_colour(rng))
    corners = np.array([[60, 60], [60, 580], [580, 580], [580, 60]]) + rng.uniform(-25, 25, (4, 2))
    page = page.transform(
        (480, 480), Image.Transform.QUAD, corners.ravel().tolist(), Image.Resampling.BICUBIC
    )
    page = page.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.5, 1.5))))
    tint = np.array([1.0, rng.uniform(0.93, 1), rng.uniform(0.8, 1)], np.float32)
    lit = np.asarray(page, np.float32) * light(page.size, rng) * tint
    return encoded(grainy(lit, 4, rng), "JPEG", quality=int(rng.integers(50, 90)))


def skeleton(ink):
    """The lines of a picture, a pixel wide (Zhang and Suen 1984)."""
    ink = np.pad(ink, 1)
    changed = True
    while changed:
        changed = False
        for first in (True, False):
            around = neighbours(ink)
            north, east, south, west = around[0], around[2], around[4], around[6]
            count = around.sum(axis=0)
            turns = (~around & np.roll(around, -1, axis=0)).sum(axis=0)
            gone = ink & (count >= 2) & (count <= 6) & (turns == 1)
            if first:
                gone &= ~(north & east & south) & ~(east & south & west)
            else:
                gone &= ~(north & east & west) & ~(north & south & west)
            ink &= ~gone
            changed |= bool(gone.any())
    return ink[1:-1, 1:-1]


def neighbours(ink):
    """The eight pixels around each, clockwise from the one above."""
    steps = [(1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1)]
    return np.stack([np.roll(ink, step, axis=(0, 1)) for step in steps])


def strokes(digit):
    """A digit's lines as a pen might report them: from each point of its skeleton to the next."""
    line = skeleton(np.asarray(large(digit, 56)) > 127)
    points = set(zip(*(axis.tolist() for axis in np.nonzero(line)), strict=True))
    ahead = [(0, 1), (1, -1), (1, 0), (1, 1)]
    pairs = [((r, c), (r + dr, c + dc)) for r, c in sorted(points) for dr, dc in ahead]
    joined = [[(a[1], a[0]), (b[1], b[0])] for a, b in pairs if b in points]
    return joined or [[(column, row)] for row, column in points]


UPLOADS = {
    "as they are": as_it_is,
    "inverted": inverted,
    "transparent": transparent,
    "in colour": in_colour,
    "off-centre": off_centre,
    "tiny": tiny,
    "huge": huge,
    "turned by EXIF": turned_by_exif,
    "thin pen": with_a_thin_pen,
    "thick pen": with_a_thick_pen,
    "noisy JPEG": noisy_jpeg,
    "uneven light": in_a_shadow,
    "ruled paper": on_ruled_paper,
    "squared paper": on_squared_paper,
    "photographed": photographed,
}
KINDS = [*UPLOADS, "strokes"]


def seen(kind, digits):
    """What a network sees of digits of a kind (digits, 1, 28, 28), and how many were refused."""
    rng = np.random.default_rng([KINDS.index(kind), 1])
    images, refused = np.zeros((len(digits), 1, 28, 28), np.float32), 0
    for image, digit in zip(images[:, 0], digits[:, 0], strict=True):
        try:
            if kind == "strokes":
                image[...] = rasterize(strokes(digit)).image
            else:
                image[...] = prepare(UPLOADS[kind](digit, rng)).image
        except UnusableImage:
            refused += 1
    return images, refused


def trained(name, augmentation, threads):
    """A preset's network, as its recipe leaves it, or the same with other changes to the images."""
    preset, examples = PRESETS[name], mnist.read("train")
    recipe = preset.recipe
    if augmentation is not None:
        recipe = recipe.model_copy(update={"augmentation": augmentation})
    network = build(preset.definition, seed=1)
    network.loss = recipe.loss.build()
    samples = Samples(examples.images, examples.labels)
    for _ in Training(network, samples, recipe.plan(1, threads)):
        pass
    return network


def accuracy(network, images, labels):
    parts = [network.predict(images[i : i + 500]) for i in range(0, len(images), 500)]
    return float(np.mean(np.concatenate(parts).argmax(axis=1) == labels))


def report(networks, kinds, digits, labels):
    clean = digits.astype(np.float32) / 255
    best = {name: accuracy(network, clean, labels) for name, network in networks.items()}
    print(f"{'clean':16}" + "".join(f"{name:>10} {best[name]:7.2%}        " for name in networks))
    drawn = dict.fromkeys(networks, 0.0)
    for kind in kinds:
        images, refused = seen(kind, digits)
        line = f"{kind:16}"
        for name, network in networks.items():
            right = accuracy(network, images, labels)
            drawn[name] += right / len(kinds)
            line += f"{name:>10} {right:7.2%} {100 * (right - best[name]):+6.2f} "
        print(line + (f"  {refused} refused" if refused else ""), flush=True)
    line = "".join(
        f"{name:>10} {mean:7.2%} {100 * (mean - best[name]):+6.2f} " for name, mean in drawn.items()
    )
    print(f"{'all of these':16}" + line)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("presets", nargs="*", help="lenet5 and cnn by default")
    parser.add_argument("--digits", type=int, default=2000, help="how many of the 10,000")
    parser.add_argument("--only", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument(
        "--augmentation",
        nargs="+",
        type=Augmentation.model_validate_json,
        default=[None],
        metavar="JSON",
        help="what the training images are changed by, in place of the recipe's; several compare",
    )
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    options = parser.parse_args()
    networks = {
        name if one is None else f"{name} {i}": trained(name, one, options.threads)
        for name in options.presets or ("lenet5", "cnn")
        for i, one in enumerate(options.augmentation, 1)
    }
    test = mnist.read("test")
    chosen = slice(None, None, max(1, len(test.images) // options.digits))
    report(networks, options.only, test.images[chosen], test.labels[chosen])


if __name__ == "__main__":
    main()
