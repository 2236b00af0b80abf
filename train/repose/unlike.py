"""Photos unlike the pictures that a generator learned from: a line each, and drawn all the same."""

from __future__ import annotations

from collections.abc import Sequence

from shared.console import Console
from shared.errors import problem
from train.inference.crops import Crop, cut_out, joints_inside, window_around
from train.inference.familiar import Familiar
from train.inference.picture_features import picture_features
from train.inference.resized_pictures import resized_picture
from train.repose.cutting import person_crop
from train.repose.placing import body_length
from train.repose.scenes import Person


def warn_of_unlike(
    people: Sequence[Person],
    familiar: Familiar | None,
    image_size: tuple[int, int],
    console: Console,
) -> None:
    """Name the photos that are further from the training data than nearly all of it is.

    Args:
        people: Who is drawn.
        familiar: What the generator's folder keeps of its training data; None where it does not.
        image_size: (height, width) of the network's images.
        console: Warned, a line for each person.
    """
    if familiar is None:
        console.say("the model keeps nothing of its training data: photos are not compared with it")
        return
    for person in people:
        strangeness = strangeness_of(person, familiar, image_size)
        if strangeness > 1:
            found = f"one {strangeness:.1f} times as far from them as 99 % of theirs"
            remedy = "it is drawn; look whether the result is of use"
            expected = "a picture like those that the generator learned from"
            console.warn(problem(person.photo.path, expected, found, remedy))


def strangeness_of(person: Person, familiar: Familiar, image_size: tuple[int, int]) -> float:
    """Return how far a person's picture is from the training data; 1 is the limit."""
    crop: Crop = person_crop(
        person.joints[None], body_length(person.joints), person.photo.size, image_size
    )
    window = window_around(crop, image_size)
    seen = resized_picture(cut_out(person.photo.picture(), window), image_size)
    joints = joints_inside(person.joints, window, image_size)
    return float(familiar.strangeness(picture_features(seen[None], joints[None]))[0])
