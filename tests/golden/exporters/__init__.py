# SPDX-License-Identifier: Apache-2.0
"""Tiny random models: built in transformers, written as GGUF. One module for each family of architectures."""
