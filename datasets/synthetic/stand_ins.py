"""The stand-ins: data sets of the real ones' shape, whose images are drawn when they are read."""

import hashlib
from abc import abstractmethod
from collections.abc import Sequence
from functools import cache, cached_property
from itertools import combinations, product
from pathlib import Path
from typing import ClassVar

import numpy as np

from datasets.dataset import Dataset, Pairs, Split
from datasets.decoding import decode_image
from datasets.errors import ImageError, UnknownNameError, suggest
from datasets.imageset import Image, Item
from datasets.selection import full_split, split_of
from datasets.synthetic.drawings import Drawings
from datasets.synthetic.objects import CLASSES, draw_object
from datasets.synthetic.person import random_person
from datasets.synthetic.png import encode_png
from datasets.synthetic.portrait import draw_portrait
from datasets.synthetic.scene import random_scene
from datasets.synthetic.seeds import generator

GENDERS = ("female", "male")


class StandIn(Dataset):
    """A generated data set. The encoded form of an image is a PNG file."""

    synthetic = True

    def __init__(self, drawings: Path | None = None) -> None:
        """Images are drawn each time they are read, or once and kept below the folder `drawings`."""
        self._kept = None if drawings is None else Drawings(drawings, _generator_version())

    @abstractmethod
    def draw(self, id: str) -> Image:
        """The picture of an id that is among the items."""

    def items(self) -> Sequence[Item]:
        """Every image, ordered by id."""
        return tuple(self._by_id.values())

    def split(self, subset: str) -> Split:
        """Gallery and queries by the rules of the real data set; raises UnknownNameError for what needs real photos."""
        self._check(subset)
        return split_of(self.items(), subset)

    def read(self, id: str) -> bytes:
        """Draw one image, as a PNG file, or read it where drawings are kept; raises ImageError for an unknown id."""
        if id not in self._by_id:
            raise ImageError(f"{id}: no such image in {self.title}")
        if self._kept is None:
            return encode_png(self.draw(id))
        return self._kept.read(f"{self.name}/{id}", lambda: encode_png(self.draw(id)))

    def decode(self, data: bytes, id: str) -> Image:
        """RGB uint8 pixels of an encoded image; raises ImageError if it is none."""
        return decode_image(data, id)

    def fingerprint(self, items: Sequence[Item]) -> str:
        """Changes when the code that draws, or the libraries it draws with, do."""
        return _generator_version()

    def completeness(self) -> str:
        """ "synthetic"."""
        return "synthetic"

    @abstractmethod
    def _list(self) -> list[Item]:
        """Every image."""

    @cached_property
    def _by_id(self) -> dict[str, Item]:
        return {item.id: item for item in sorted(self._list(), key=lambda item: item.id)}

    def _check(self, subset: str) -> None:
        if subset not in self.subsets:
            unknown = suggest(f"subset of {self.title}", subset, self.subsets)
            raise UnknownNameError(f"{unknown}; fetch {self.name} if you want a subset of the real images")


class SyntheticLfw(StandIn):
    """Portraits of 250x250: 40 people with 2 to 10 pictures and 60 with one; ids "person-001/person-001_0001"."""

    name = "lfw"
    content = "faces"

    SIDE = 250
    FOLDS = 10
    SEVERAL, SINGLE = 40, 60
    """People with several pictures and with one."""
    FOLD_PAIRS: ClassVar = {"smoke": 5, "standard": 15, "full": 15}
    """Pairs of each kind (same, different) in a fold."""

    def draw(self, id: str) -> Image:
        """(250, 250, 3) RGB uint8: the person's measures depend on the label, the scene on the id."""
        label = self._by_id[id].label
        rng = generator(self.name, label)
        person = random_person(rng, GENDERS[rng.integers(2)], rng.uniform(18, 70))
        scene = random_scene(generator(self.name, id), size=(0.50, 0.62), drift=0.06)
        return draw_portrait(person, scene, self.SIDE)

    def pairs(self, subset: str) -> Pairs:
        """Pairs in the form of View 2: as many same as different in each fold, no person in two folds."""
        self._check(subset)
        count = self.FOLD_PAIRS[subset]
        left: list[Item] = []
        right: list[Item] = []
        for fold in range(self.FOLDS):
            same, different = self._fold(fold)
            rng = generator(self.name, "pairs", fold)
            for candidates in (same, different):
                for chosen in rng.permutation(len(candidates))[:count]:
                    left.append(candidates[chosen][0])
                    right.append(candidates[chosen][1])
        return Pairs(
            left=tuple(left),
            right=tuple(right),
            same=np.tile(np.repeat([True, False], count), self.FOLDS),
            fold=np.repeat(np.arange(self.FOLDS), 2 * count),
        )

    def _fold(self, fold: int) -> tuple[list[tuple[Item, Item]], list[tuple[Item, Item]]]:
        """Every pair of the same person, and of different people, among the people of `fold`."""
        people: dict[str, list[Item]] = {}
        for item in self.items():
            if int(item.label.removeprefix("person-")) % self.FOLDS == fold:
                people.setdefault(item.label, []).append(item)
        same = [pair for pictures in people.values() for pair in combinations(pictures, 2)]
        different = [pair for a, b in combinations(people, 2) for pair in product(people[a], people[b])]
        return same, different

    def _list(self) -> list[Item]:
        items = []
        for number in range(1, self.SEVERAL + self.SINGLE + 1):
            label = f"person-{number:03d}"
            # 7 and 9 have no common factor: each fold's people have different numbers of pictures.
            pictures = 2 + 7 * number % 9 if number <= self.SEVERAL else 1
            items += [Item(f"{label}/{label}_{picture:04d}", label) for picture in range(1, pictures + 1)]
        return items


class SyntheticImdbWiki(StandIn):
    """Face crops of 160x160: 12 celebrities with 20 pictures over some 25 years; ids "imdb/person-01/0001".

    meta holds age (years) and gender, as in the real data set; hair greys and lines deepen with age.
    """

    name = "imdb-wiki"
    content = "faces"
    subsets = ("smoke", "standard", "full", "celebs-10")

    SIDE = 160
    PEOPLE, PICTURES = 12, 20

    def split(self, subset: str) -> Split:
        """Gallery and queries; "celebs-10" is the first ten celebrities."""
        self._check(subset)
        if subset == "celebs-10":
            return full_split([item for item in self.items() if item.label <= "person-10"])
        return split_of(self.items(), subset)

    def draw(self, id: str) -> Image:
        """(160, 160, 3) RGB uint8: the person at the age of the picture."""
        item = self._by_id[id]
        rng = generator(self.name, item.label)
        person = random_person(rng, str(item.meta["gender"]), float(str(item.meta["age"])))
        scene = random_scene(generator(self.name, id), size=(0.62, 0.76), drift=0.05)
        return draw_portrait(person, scene, self.SIDE)

    def _list(self) -> list[Item]:
        items = []
        for number in range(1, self.PEOPLE + 1):
            label, rng = f"person-{number:02d}", generator(self.name, "ages", number)
            youngest = int(rng.integers(18, 46))
            ages = np.sort(rng.integers(youngest, youngest + 25, self.PICTURES))
            for picture, age in enumerate(ages.tolist(), 1):
                meta = {"age": age, "gender": GENDERS[number % 2]}
                items.append(Item(f"imdb/{label}/{picture:04d}", label, meta))
        return items


class SyntheticCifar10(StandIn):
    """32x32 drawings of the ten classes: 400 for the gallery, "train/00017", and 100 queries, "test/00003"."""

    name = "cifar10"
    content = "objects"

    SIZES: ClassVar = {"smoke": (100, 50), "standard": (300, 100), "full": (400, 100)}
    """Gallery and queries, the classes in turn."""

    def split(self, subset: str) -> Split:
        """Gallery of "train" and queries of "test" images."""
        self._check(subset)
        gallery, queries = self.SIZES[subset]
        train = [item for item in self.items() if item.id.startswith("train/")]
        test = [item for item in self.items() if item.id.startswith("test/")]
        return Split(tuple(train[:gallery]), tuple(test[:queries]))

    def draw(self, id: str) -> Image:
        """(32, 32, 3) RGB uint8."""
        return draw_object(self._by_id[id].label, generator(self.name, id))

    def _list(self) -> list[Item]:
        names, (train, test) = list(CLASSES), self.SIZES["full"]
        return [
            Item(f"{part}/{number:05d}", names[number % len(names)])
            for part, count in (("train", train), ("test", test))
            for number in range(count)
        ]


@cache
def _generator_version() -> str:
    """A hash of this package's source and of the versions of the libraries that its pixels come from."""
    import cv2

    digest = hashlib.sha256(f"numpy {np.__version__}, opencv {cv2.__version__}".encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return f"synthetic-{digest.hexdigest()[:16]}"
