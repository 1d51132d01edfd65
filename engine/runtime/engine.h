// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/gguf/file.h"
#include "engine/model/operations.h"
#include "engine/text/tokenizer.h"

namespace kvscope::runtime {

/// A Vulkan device as a user sees it (`kvscope-cli devices`).
struct DeviceDescription {
    std::uint32_t index = 0;  ///< line of the list
    std::string name;
    std::string kind;  ///< "discrete", "integrated", "virtual", "cpu"
    std::string uuid;
    std::string driver;
    std::string vulkanVersion;
    std::uint64_t memoryBytes = 0;  ///< largest device-local heap
    bool isCpu = false;
    std::vector<std::string> features;  ///< "fp16", "subgroup", …
};

/// All usable devices, best first; the same GPU under two drivers once. An empty list is not an error.
[[nodiscard]] Result<std::vector<DeviceDescription>> listDevices();

struct EngineOptions {
    std::string device;       ///< empty = best; else an index, a part of the name, or a UUID
    bool validation = false;  ///< Vulkan validation layer on, messages collected
    bool countLoads = false;  ///< kernels of the counting build: checks of the traffic figures, slow
    std::function<void(float fraction, const std::string& what)> progress;  ///< called on the loading thread
};

/// A device with a model on it: weights, tokenizer, kernels. Sessions run on it; it must outlive them. One thread.
class Engine {
  public:
    /// Opens file and device and uploads the weights (still quantised). Polls the stop token.
    static Result<std::unique_ptr<Engine>> open(const std::filesystem::path& model, const EngineOptions& options,
                                                std::stop_token stop);
    ~Engine();

    [[nodiscard]] const gguf::File& file() const;
    [[nodiscard]] const model::Program& program() const;
    [[nodiscard]] const text::Tokenizer& tokenizer() const;
    [[nodiscard]] const DeviceDescription& device() const;
    /// Bytes of device buffers that hold weights.
    [[nodiscard]] std::uint64_t weightBytes() const;
    /// (bytes read + bytes written) / time of a 256 MiB device copy; measured at the first call, then remembered.
    [[nodiscard]] Result<double> copyBytesPerSecond();
    /// The same without measuring: 0 when it was not measured yet.
    [[nodiscard]] double copyBytesPerSecondIfMeasured() const;
    /// Messages of the validation layer so far.
    [[nodiscard]] std::vector<std::string> validationMessages() const;

    struct Impl;
    [[nodiscard]] Impl& impl() { return *m_impl; }

  private:
    explicit Engine(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> m_impl;
};

}  // namespace kvscope::runtime
