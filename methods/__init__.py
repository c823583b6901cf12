"""Part of reverse-image-search-benchmark: encoders, indexes, whole methods, and the catalogue that names them."""

import sys

# On each import OpenVINO would tell its maker of it, from a process that it forks, and write to the home folder. It
# does without the package that does so; what is asked here leaves no trace elsewhere.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
