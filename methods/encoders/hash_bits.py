"""From thumbnails to the bits of a perceptual hash: imagehash's arithmetic on many images at once.

The same operations on the same numbers in the same order, so that bits which hang on the last digit agree too.
"""

import numpy as np

HIGH_FREQUENCIES = 4
"""phash looks at the lowest of this many times as many frequencies."""


def dct_bits(pixels: np.ndarray, hash_size: int) -> np.ndarray:
    """phash: the low frequencies of thumbnails (n, 4 hash_size, 4 hash_size) against their median: (n, hash_size^2)."""
    from scipy.fftpack import dct

    low = dct(dct(pixels, axis=1)[:, :hash_size], axis=2)[:, :, :hash_size].reshape(len(pixels), -1)
    return low > np.median(low, axis=1, keepdims=True)


def gradient_bits(pixels: np.ndarray) -> np.ndarray:
    """dhash: where thumbnails (n, hash_size, hash_size + 1) grow brighter from left to right: (n, hash_size^2)."""
    return (pixels[:, :, 1:] > pixels[:, :, :-1]).reshape(len(pixels), -1)


def mean_bits(pixels: np.ndarray) -> np.ndarray:
    """ahash: where thumbnails (n, hash_size, hash_size) are brighter than their mean: (n, hash_size^2)."""
    flat = pixels.reshape(len(pixels), -1)
    return flat > flat.mean(axis=1, keepdims=True)


def wavelet_bits(pixels: np.ndarray, hash_size: int) -> np.ndarray:
    """whash: Haar approximations of thumbnails (n, scale, scale) uint8 against their median: (n, hash_size^2).

    `scale` and `hash_size` are powers of two. The approximations are sums over blocks of pixels, but for a factor and a
    constant, which move no bit. Only where the two sums around the median are equal do imagehash's bits hang on its
    rounding errors: then its transforms are gone through (otherwise a sum is half a grey level or more off the median,
    and those errors are a billionth of that).
    """
    n, scale, _ = pixels.shape
    block = scale // hash_size
    columns = pixels.reshape(n, hash_size, block, scale).sum(axis=2, dtype=np.int32)
    sums = columns.reshape(n, hash_size**2, block).sum(axis=2)
    ordered = np.sort(sums, axis=1)
    below, above = ordered[:, hash_size**2 // 2 - 1], ordered[:, hash_size**2 // 2]
    bits = sums >= above[:, None]
    tied = below == above
    if tied.any():
        bits[tied] = _transformed_bits(pixels[tied], hash_size)
    return bits


def _transformed_bits(pixels: np.ndarray, hash_size: int) -> np.ndarray:
    """`wavelet_bits` as imagehash comes to them: forth, back without the mean, and forth again."""
    import pywt

    deepest = int(np.log2(pixels.shape[1]))
    coefficients = list(pywt.wavedec2(pixels / 255.0, "haar", level=deepest))
    coefficients[0] *= 0
    without_mean = pywt.waverec2(coefficients, "haar")
    low = pywt.wavedec2(without_mean, "haar", level=deepest - int(np.log2(hash_size)))[0].reshape(len(pixels), -1)
    return low > np.median(low, axis=1, keepdims=True)


def wavelet_scale(height: int, width: int, hash_size: int) -> int:
    """Side of whash's thumbnail: the largest power of two that the image holds, and no less than `hash_size`."""
    return max(2 ** int(np.log2(min(height, width))), hash_size)
