// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/session.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <fstream>
#include <map>
#include <ranges>

#include "engine/base/units.h"
#include "engine/probe/decisions.h"
#include "engine/runtime/layer_facts.h"
#include "engine/runtime/session_impl.h"
#include "engine/runtime/session_shapes.h"

namespace kvscope::runtime {

namespace {

std::uint64_t availableHostBytes() {
    std::ifstream meminfo("/proc/meminfo");
    std::string key;
    std::uint64_t kib = 0;
    std::string unit;
    while (meminfo >> key >> kib >> unit) {
        if (key == "MemAvailable:") return kib * 1024;
    }
    return 4ULL << 30U;
}

std::string utcNow() {
    const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    std::tm utc{};
    gmtime_r(&now, &utc);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                       utc.tm_hour, utc.tm_min, utc.tm_sec);
}

Result<void> checkShape(const gguf::File& file, const model::CacheLayout& layout) {
    const std::string where = file.path().string();
    for (const model::CacheStream& stream : layout.streams) {
        for (const std::uint32_t width : {stream.keyDim, stream.valueDim, stream.sharedValue}) {
            if (width % 8 == 0) continue;
            return fail(ErrorKind::Unsupported, where, "rows of {} values in layer {} cannot be run: no multiple of 8",
                        width, stream.layer);
        }
    }
    return {};
}

}  // namespace

cache::ModelShape Session::Impl::modelShape() const {
    const model::Hparams& h = hparams();
    const std::uint32_t heads = *std::ranges::max_element(h.nHeads);
    const std::uint32_t kvHeads = *std::ranges::max_element(h.nKvHeads);
    return {h.architecture, h.nLayers, heads, kvHeads, h.headDimK, h.nCtxTrained};
}

Result<void> Session::Impl::checkPolicy(const cache::CachePolicy& policy) {
    const cache::Validation validation = cache::validate(policy, modelShape());
    if (!validation.errors.empty()) return std::unexpected(validation.errors.front());
    remarks = validation.remarks;
    const auto& model = engine.program().warnings;
    remarks.insert(remarks.end(), model.begin(), model.end());
    const auto tokenizer = engine.tokenizer().warnings();
    remarks.insert(remarks.end(), tokenizer.begin(), tokenizer.end());
    return {};
}

Result<void> Session::Impl::init(const SessionOptions& wanted) {
    options = wanted;
    policyRequested = wanted.policy;
    startedAt = utcNow();
    const model::Hparams& h = hparams();
    if (auto checked = checkShape(engine.file(), engine.program().layout); !checked) return checked;
    if (auto checked = checkPolicy(options.policy); !checked) return checked;
    contextLength = options.contextLength != 0 ? options.contextLength : h.nCtxTrained;
    if (contextLength == 0) return fail(ErrorKind::BadUsage, "context length", "the model states none: give one");
    options.chunk = std::clamp(options.chunk, 1U, 512U);
    chunkLimit = options.chunk;
    const cache::StoreShape shape = storeShape(engine.program(), contextLength, options);
    kernels::KernelLibrary& library = *engine.impl().library;
    auto made = cache::RegionStore::create(library, shape, options.policy);
    if (!made) return forward(made);
    store = std::move(*made);
    executor = std::make_unique<StepExecutor>(library, engine.program(), *engine.impl().weights, *store);
    if (auto ready = executor->init(shape.maxColumns); !ready) return ready;
    if (options.probes.errorEvery > 0) {
        if (auto ready = makeErrorBuffers(); !ready) return ready;
    }
    if (!options.exactLane) return {};
    SessionOptions exact;
    exact.contextLength = contextLength;
    exact.chunk = options.chunk;
    exact.probes = {.occupancy = false, .traffic = false, .decisions = false};
    auto second = Session::create(engine, exact);
    if (!second) return forward(second);
    lane = std::move(*second);
    return {};
}

Result<void> Session::Impl::makeErrorBuffers() {
    vulkan::Device& device = *engine.impl().device;
    auto shape = errorShape(engine.file(), engine.program(), contextLength);
    if (!shape) return forward(shape);
    shape->rowCapacity = contextLength + store->shape().maxColumns;
    const std::uint64_t budget = options.probes.exactRowsBudget != 0
                                     ? options.probes.exactRowsBudget
                                     : std::min(availableHostBytes(), device.memoryBudget()) / 4;
    auto made = probe::AttentionError::create(device, *shape, budget);
    if (!made) return forward(made);
    error = std::move(*made);
    const auto judged = static_cast<std::uint32_t>(std::ranges::count_if(
        std::views::iota(0U, hparams().nLayers), [&](std::uint32_t layer) { return error.judges(layer); }));
    const auto wanted = static_cast<std::uint32_t>(
        std::ranges::count_if(shape->layers, [](const probe::ErrorLayer& layer) { return layer.heads > 0; }));
    if (judged < wanted) {
        remarks.push_back(fmt::format("the error probe covers {} of {} layers within its budget of {}", judged, wanted,
                                      formatBytes(budget)));
    }
    if (wanted < hparams().nLayers) {
        remarks.push_back(
            fmt::format("the error probe judges {} of {} layers: not those that attend to compressed rows", wanted,
                        hparams().nLayers));
    }
    return {};
}

Session::Session(std::unique_ptr<Impl> impl) : m_impl(std::move(impl)) {}
Session::~Session() = default;

Result<std::unique_ptr<Session>> Session::create(Engine& engine, const SessionOptions& options) {
    auto impl = std::make_unique<Impl>(engine);
    if (auto ready = impl->init(options); !ready) return forward(ready);
    return std::unique_ptr<Session>(new Session(std::move(impl)));
}

namespace {

Result<void> checkTokens(std::span<const text::TokenId> tokens, std::uint32_t vocabulary) {
    for (const text::TokenId token : tokens) {
        if (token < 0 || static_cast<std::uint32_t>(token) >= vocabulary) {
            return fail(ErrorKind::BadUsage, "tokens", "{} is no token id of this model (0 … {})", token,
                        vocabulary - 1);
        }
    }
    return {};
}

}  // namespace

Result<SequenceId> Session::addSequence(std::span<const text::TokenId> prompt, const SamplerOptions& sampler) {
    if (prompt.empty()) return fail(ErrorKind::BadUsage, "prompt", "it has no token");
    if (auto checked = checkTokens(prompt, m_impl->hparams().nVocab); !checked) return forward(checked);
    if (prompt.size() > m_impl->contextLength) {
        return fail(ErrorKind::BadUsage, "prompt", "it has {} tokens, the context length is {}", prompt.size(),
                    m_impl->contextLength);
    }
    const auto alive = std::ranges::count_if(m_impl->sequences, [](const auto& s) { return !s.removed; });
    if (alive >= m_impl->store->shape().maxColumns) {
        return fail(ErrorKind::BadUsage, "sequences", "at most {} run at a time", m_impl->store->shape().maxColumns);
    }
    auto slot = m_impl->store->addSequence();
    if (!slot) return forward(slot);
    SessionSequence sequence;
    sequence.slot = *slot;
    sequence.sampler = Sampler(sampler);
    sequence.state.id = static_cast<SequenceId>(m_impl->sequences.size());
    sequence.state.tokens.assign(prompt.begin(), prompt.end());
    sequence.state.promptTokens = static_cast<std::uint32_t>(prompt.size());
    m_impl->sequences.push_back(std::move(sequence));
    if (m_impl->lane) {
        const std::array first{prompt.front()};  // the rest follows as the steps take it
        if (auto added = m_impl->lane->addSequence(first, {}); !added) return added;
    }
    return m_impl->sequences.back().state.id;
}

Result<void> Session::appendTokens(SequenceId id, std::span<const text::TokenId> tokens) {
    if (id >= m_impl->sequences.size() || m_impl->sequences[id].removed) {
        return fail(ErrorKind::BadUsage, "sequence", "there is no sequence {}", id);
    }
    if (auto checked = checkTokens(tokens, m_impl->hparams().nVocab); !checked) return checked;
    auto& state = m_impl->sequences[id].state;
    state.tokens.insert(state.tokens.end(), tokens.begin(), tokens.end());
    return {};
}

Result<void> Session::removeSequence(SequenceId id) {
    if (id >= m_impl->sequences.size() || m_impl->sequences[id].removed) {
        return fail(ErrorKind::BadUsage, "sequence", "there is no sequence {}", id);
    }
    m_impl->store->removeSequence(m_impl->sequences[id].slot);
    m_impl->sequences[id].removed = true;
    m_impl->sequences[id].state.finished = true;
    if (m_impl->lane) return m_impl->lane->removeSequence(id);
    return {};
}

Result<trace::BundlePtr> Session::step(std::stop_token stop, bool sample) {
    return m_impl->step(stop, sample);
}

void Session::setChunk(std::uint32_t limit) {
    m_impl->chunkLimit = std::clamp(limit, 1U, m_impl->options.chunk);
}

Result<std::span<const float>> Session::logits(SequenceId id) const {
    if (id >= m_impl->sequences.size() || m_impl->sequences[id].logits.empty()) {
        return fail(ErrorKind::BadUsage, "sequence", "sequence {} has no logits yet", id);
    }
    return std::span<const float>(m_impl->sequences[id].logits);
}

void Session::keepAllLogits(bool keep) {
    m_impl->keepAllLogits = keep;
}
std::span<const float> Session::allLogits() const {
    return m_impl->allLogits;
}
const SequenceState& Session::sequence(SequenceId id) const {
    return m_impl->sequences.at(id).state;
}

Result<void> Session::setPolicy(const cache::CachePolicy& policy) {
    const std::vector<std::string> before = m_impl->remarks;
    if (auto checked = m_impl->checkPolicy(policy); !checked) {
        m_impl->remarks = before;
        return checked;
    }
    const std::uint64_t bytesBefore = m_impl->store->bytesResident();
    if (auto done = m_impl->store->setPolicy(policy); !done) return done;
    const std::uint64_t bytesAfter = m_impl->store->bytesResident();
    m_impl->pendingDecisions.push_back(
        probe::switchRecord({m_impl->options.policy, policy, m_impl->store->rowsResident(), bytesBefore, bytesAfter}));
    m_impl->options.policy = policy;
    m_impl->policyRequested = policy;
    ++m_impl->policyIndex;
    m_impl->switchedTo = policyEffective();
    return {};
}

const cache::CachePolicy& Session::policy() const {
    return m_impl->options.policy;
}
std::string Session::policyEffective() const {
    return m_impl->options.policy.toText();
}
std::span<const std::string> Session::remarks() const {
    return m_impl->remarks;
}

Result<void> Session::setProbes(const ProbeOptions& probes) {
    if (probes.errorEvery > 0 && !m_impl->error.present()) {
        if (m_impl->steps > 0) {
            return fail(ErrorKind::BadUsage, "error probe",
                        "exact rows were not kept aside from the start of this run; start it again with the probe on");
        }
        if (auto ready = m_impl->makeErrorBuffers(); !ready) return ready;
    }
    m_impl->options.probes = probes;
    return {};
}

const ReferenceCheck& Session::referenceCheck() const {
    return m_impl->referenceCheck;
}

trace::RunInfo Session::runInfo() const {
    const model::Hparams& h = m_impl->hparams();
    const DeviceDescription& device = m_impl->engine.device();
    trace::RunInfo info;
    info.modelName = h.name;
    info.modelPath = m_impl->engine.file().path().string();
    info.architecture = h.architecture;
    info.modelBytes = m_impl->engine.file().fileBytes();
    std::map<std::string_view, int> types;
    for (const gguf::TensorInfo& tensor : m_impl->engine.file().tensors()) {
        ++types[gguf::tensorTypeInfo(tensor.type)->name];
    }
    for (const auto& [type, count] : types) {
        info.weightTypes += fmt::format("{}{} ×{}", info.weightTypes.empty() ? "" : ", ", type, count);
    }
    info.nLayers = h.nLayers;
    info.nHeads = *std::ranges::max_element(h.nHeads);
    info.nKvHeads = *std::ranges::max_element(h.nKvHeads);
    info.headDim = h.headDimK;
    info.vocabulary = h.nVocab;
    info.trainedContext = h.nCtxTrained;
    info.contextLength = m_impl->contextLength;
    info.chunk = m_impl->options.chunk;
    info.policyRequested = m_impl->policyRequested.toText();
    info.policyEffective = policyEffective();
    info.mathMode = "precise";
    info.seed = m_impl->options.seed;
    info.deviceName = device.name;
    info.deviceUuid = device.uuid;
    info.driver = device.driver;
    info.deviceIsCpu = device.isCpu;
    info.copyBytesPerSecond = m_impl->engine.copyBytesPerSecondIfMeasured();
    info.errorEvery = m_impl->options.probes.errorEvery;
    info.bytesPerTokenNativeF16 = h.cacheBytesPerTokenF16();
    info.bytesPerTokenMhaF16 = h.cacheBytesPerTokenMhaF16();
    info.layers = layerFacts(m_impl->engine.program());
    info.startedAt = m_impl->startedAt;
    info.program = "kvscope " KVSCOPE_VERSION;
    return info;
}

}  // namespace kvscope::runtime
