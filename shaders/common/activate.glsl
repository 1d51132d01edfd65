// SPDX-License-Identifier: Apache-2.0
// Activation functions. tanh is clamped since some drivers compute it by exponentials that overflow.
float tanhOf(float x) { return tanh(clamp(x, -15.0, 15.0)); }
float siluOf(float x) { return x / (1.0 + exp(-x)); }
float geluOf(float x) { return 0.5 * x * (1.0 + tanhOf(0.7978845608028654 * (x + 0.044715 * x * x * x))); }
// kind: kSilu or kGelu
float activated(uint kind, float x) { return kind == kGelu ? geluOf(x) : siluOf(x); }
