# SPDX-License-Identifier: Apache-2.0
"""The networks of this folder by their GGUF architecture, each with its sizes and its start from the bundled Llama."""
import importlib

NAMES = ("llama", "gemma4", "deepseek2", "deepseek4")
CLASSES = {"llama": "Llama", "gemma4": "Gemma4", "deepseek2": "DeepSeek2", "deepseek4": "DeepSeek4"}


def module(arch):
    """The file that defines an architecture."""
    return importlib.import_module("model" if arch == "llama" else "model_" + arch)


def config_of(arch):
    """The class of an architecture's sizes."""
    return module(arch).Config


def build(arch, config):
    """A network with random weights."""
    return getattr(module(arch), CLASSES[arch])(config)


def convert(net, llama, corpus):
    """Starts a sibling from the Llama's weights."""
    importlib.import_module("convert_" + net.ARCH).convert(net, llama, corpus)
