"""All wires, in the order of the matrix, and which of them share a service.

An account serves every model of its platform, whatever its mode: so each service has one mode of each platform.
"""

import importlib

_PLACES = [
    ("openai", "OpenAI", 0), ("anthropic", "Anthropic", 0), ("baidu_v2", "BaiduV2", 0), ("baidu_legacy", "BaiduLegacy", 1),
    ("alibaba_native", "AlibabaNative", 0), ("alibaba_compatible", "AlibabaCompatible", 1),
    ("tencent_openai", "TencentTokenHub", 0), ("tencent_native", "TencentNative", 2), ("tencent_openai", "TencentLegacy", 1),
    ("zhipu", "ZhipuKey", 0), ("zhipu", "ZhipuJWT", 1)]

import os
_HAVE = [place for place in _PLACES if (__import__("pathlib").Path(__file__).parent / f"{place[0]}.py").exists()]
_PLACES = _HAVE
WIRES = [getattr(importlib.import_module(f"platforms.{module}"), name) for module, name, _ in _PLACES]
NAMES = [wire.name for wire in WIRES]
SERVICE_OF = {wire.name: place[2] for wire, place in zip(WIRES, _PLACES)}
SERVICES = sorted(set(SERVICE_OF.values()))
