"""All wires, in the order of the matrix."""

from .alibaba_compatible import AlibabaCompatible
from .alibaba_native import AlibabaNative
from .anthropic import Anthropic
from .baidu_legacy import BaiduLegacy
from .baidu_v2 import BaiduV2
from .openai import OpenAI
from .tencent_native import TencentNative
from .tencent_openai import TencentLegacy, TencentTokenHub
from .zhipu import ZhipuJWT, ZhipuKey

WIRES = [
    OpenAI, Anthropic, BaiduV2, BaiduLegacy, AlibabaNative, AlibabaCompatible, TencentTokenHub, TencentNative, TencentLegacy,
    ZhipuKey,
    ZhipuJWT]
NAMES = [wire.name for wire in WIRES]
