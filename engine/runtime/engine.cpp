// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/engine.h"

#include "engine/runtime/copy_bandwidth.h"
#include "engine/runtime/engine_impl.h"
#include "engine/text/id_tokenizer.h"
#include "engine/vulkan/environment.h"
#include "engine/vulkan/inline_dispatch.h"

namespace kvscope::runtime {

namespace {

DeviceDescription describe(const vulkan::PhysicalDevice& device, std::uint32_t index) {
    return {index,          device.name,        device.kind(),  device.uuid,      device.driver,
            device.version, device.memoryBytes, device.isCpu(), device.features()};
}

/// Models up to this size give a dispatch less work than it costs to wake a thread of a CPU implementation.
constexpr std::uint64_t kSmallModel = 16ULL << 20U;

Result<void> openDevice(Engine::Impl& impl, const EngineOptions& options) {
    const vulkan::Environment environment = vulkan::Environment::read();
    const vulkan::InlineDispatch inlineDispatch(impl.file->fileBytes() <= kSmallModel);
    auto instance = vulkan::Instance::create(options.validation);
    if (!instance) return forward(instance);
    impl.instance = std::move(*instance);
    auto devices = vulkan::listPhysicalDevices(*impl.instance, environment);
    if (!devices) return forward(devices);
    auto chosen = vulkan::chooseDevice(*devices, options.device);
    if (!chosen) return forward(chosen);
    std::uint32_t index = 0;
    while (index < devices->size() && (*devices)[index].uuid != chosen->uuid) ++index;
    auto device = vulkan::Device::create(*chosen, environment);
    if (!device) return forward(device);
    impl.device = std::move(*device);
    impl.description = describe(*chosen, index);
    if (chosen->isCpu() && inlineDispatch.active()) impl.description.driver += ", dispatches inline";
    impl.library = std::make_unique<kernels::KernelLibrary>(
        *impl.device, options.countLoads ? kernels::KernelLibrary::Mode::Counting : kernels::KernelLibrary::Mode::Fast);
    return {};
}

}  // namespace

Result<std::vector<DeviceDescription>> listDevices() {
    auto instance = vulkan::Instance::create(false);
    if (!instance) return forward(instance);
    auto devices = vulkan::listPhysicalDevices(**instance, vulkan::Environment::read());
    if (!devices) return forward(devices);
    std::vector<DeviceDescription> list;
    for (std::uint32_t i = 0; i < devices->size(); ++i) list.push_back(describe((*devices)[i], i));
    return list;
}

Engine::Engine(std::unique_ptr<Impl> impl) : m_impl(std::move(impl)) {}
Engine::~Engine() = default;

Result<std::unique_ptr<Engine>> Engine::open(const std::filesystem::path& model, const EngineOptions& options,
                                             std::stop_token stop) {
    auto impl = std::make_unique<Impl>();
    const auto report = [&](float fraction, const char* what) {
        if (options.progress) options.progress(fraction, what);
    };
    report(0, "header");
    auto file = gguf::File::open(model);
    if (!file) return forward(file);
    impl->file = std::make_unique<gguf::File>(std::move(*file));
    auto program = model::buildProgram(*impl->file);
    if (!program) return forward(program);
    impl->program = std::move(*program);
    report(0.05F, "tokenizer");
    auto tokenizer = text::makeTokenizer(*impl->file);
    if (!tokenizer && tokenizer.error().kind != ErrorKind::Unsupported) return forward(tokenizer);
    impl->tokenizer = tokenizer ? std::move(*tokenizer)
                                : text::makeIdTokenizer(impl->program.hparams.nVocab,
                                                        tokenizer.error().text() + "; prompts are lists of token ids");
    if (stop.stop_requested()) return fail(ErrorKind::Cancelled, "", "loading was cancelled");
    report(0.1F, "device");
    if (auto opened = openDevice(*impl, options); !opened) return forward(opened);
    impl->weights = std::make_unique<DeviceWeights>(*impl->device, *impl->file);
    const auto progress = [&](float fraction, const std::string& what) {
        if (options.progress) options.progress(0.15F + 0.85F * fraction, what);
    };
    if (auto loaded = impl->weights->load(impl->program, progress, stop); !loaded) return forward(loaded);
    report(1, "ready");
    return std::unique_ptr<Engine>(new Engine(std::move(impl)));
}

const gguf::File& Engine::file() const {
    return *m_impl->file;
}
const model::Program& Engine::program() const {
    return m_impl->program;
}
const text::Tokenizer& Engine::tokenizer() const {
    return *m_impl->tokenizer;
}
const DeviceDescription& Engine::device() const {
    return m_impl->description;
}
std::uint64_t Engine::weightBytes() const {
    return m_impl->weights->bytes();
}
std::vector<std::string> Engine::validationMessages() const {
    return m_impl->instance->messages();
}

Result<double> Engine::copyBytesPerSecond() {
    if (!m_impl->copyBytesPerSecond) {
        auto measured = measureCopyBandwidth(*m_impl->device);
        if (!measured) return measured;
        m_impl->copyBytesPerSecond = *measured;
    }
    return *m_impl->copyBytesPerSecond;
}

double Engine::copyBytesPerSecondIfMeasured() const {
    return m_impl->copyBytesPerSecond.value_or(0);
}

}  // namespace kvscope::runtime
