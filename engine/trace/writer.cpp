// SPDX-License-Identifier: Apache-2.0
#include "engine/trace/writer.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <new>
#include <set>
#include <thread>
#include <utility>

#include "engine/trace/detail/store.h"

namespace kvscope::trace {

namespace {

constexpr std::size_t kQueueCapacity = 256;                  ///< bundles that may wait before push() does
constexpr std::size_t kBatchSteps = 64;                      ///< a batch is this many steps …
constexpr auto kBatchTime = std::chrono::milliseconds(200);  ///< … or what came in this time
constexpr std::size_t kMaxHeadRecords = 0xFFFF;

/// What a bundle must hold to be written: rising steps, head values of the run's shape, each metric once a sequence.
Result<void> check(const StepBundle& bundle, const RunInfo& run) {
    if (!std::in_range<std::int64_t>(bundle.step.step)) {
        return fail(ErrorKind::Internal, "trace", "step {} is more than a trace can hold", bundle.step.step);
    }
    if (bundle.heads.size() > kMaxHeadRecords) {
        return fail(ErrorKind::Internal, "trace", "step {} has {} head records, the limit is {}", bundle.step.step,
                    bundle.heads.size(), kMaxHeadRecords);
    }
    std::set<std::pair<HeadMetric, std::uint32_t>> seen;
    for (const HeadMetricRecord& record : bundle.heads) {
        const std::uint64_t heads = isPerKvHead(record.metric) ? run.nKvHeads : run.nHeads;
        if (record.values.size() != run.nLayers * heads) {
            return fail(ErrorKind::Internal, "trace", "step {}: {} has {} values, expected {} layers x {} heads",
                        bundle.step.step, name(record.metric), record.values.size(), run.nLayers, heads);
        }
        if (!seen.emplace(record.metric, record.sequence).second) {
            return fail(ErrorKind::Internal, "trace", "step {}: {} of sequence {} comes twice", bundle.step.step,
                        name(record.metric), record.sequence);
        }
    }
    return {};
}

}  // namespace

struct Writer::Impl {
    std::unique_ptr<detail::Store> store;
    RunInfo run;
    std::optional<std::uint64_t> lastStep;  ///< engine thread only

    std::mutex mutex;
    std::condition_variable wake;   ///< the writer thread waits on it
    std::condition_variable moved;  ///< push() and flush() wait on it
    std::deque<BundlePtr> waiting;
    std::uint64_t pushed = 0;
    std::uint64_t committed = 0;
    bool hurry = false;  ///< flush(): do not wait for a full batch
    bool ending = false;
    Result<void> state;  ///< the first error of the thread
    std::thread thread;  ///< last: starts when all the above is there

    void work();
    std::vector<BundlePtr> nextBatch();
    Result<void> save(std::span<const BundlePtr> batch);
    Result<void> end();
};

/// Waits until a batch is due; empty = the end.
std::vector<BundlePtr> Writer::Impl::nextBatch() {
    std::unique_lock lock(mutex);
    wake.wait(lock, [&] { return ending || !waiting.empty(); });
    wake.wait_for(lock, kBatchTime, [&] { return ending || hurry || waiting.size() >= kBatchSteps; });
    std::vector<BundlePtr> batch;
    while (!waiting.empty() && batch.size() < kBatchSteps) {
        batch.push_back(std::move(waiting.front()));
        waiting.pop_front();
    }
    moved.notify_all();
    return batch;
}

/// Writes a batch, or ends the file when it is empty. The thread has no frame above to catch what is thrown.
Result<void> Writer::Impl::save(std::span<const BundlePtr> batch) {
    try {
        return batch.empty() ? store->finish() : store->write(batch);
    } catch (const std::bad_alloc&) {
        return fail(ErrorKind::OutOfMemory, "trace", "no memory to write a batch");
    } catch (const std::exception& e) {
        return fail(ErrorKind::Internal, "trace", "{}", e.what());
    }
}

void Writer::Impl::work() {
    for (;;) {
        const std::vector<BundlePtr> batch = nextBatch();
        const Result<void> written = save(batch);
        const std::scoped_lock lock(mutex);
        if (!written) {
            state = written;
            waiting.clear();
        } else {
            committed += batch.size();
        }
        hurry = hurry && committed < pushed;
        moved.notify_all();
        if (batch.empty() || !state) return;
    }
}

Result<void> Writer::Impl::end() {
    if (thread.joinable()) {
        {
            const std::scoped_lock lock(mutex);
            ending = true;
        }
        wake.notify_all();
        thread.join();
        store.reset();
    }
    return state;
}

Writer::Writer(std::unique_ptr<Impl> impl) : m_impl(std::move(impl)) {}

Writer::~Writer() {
    (void)m_impl->end();
}

Result<std::unique_ptr<Writer>> Writer::create(const std::filesystem::path& path, const RunInfo& run) {
    Result<std::unique_ptr<detail::Store>> store = detail::Store::create(path, run);
    if (!store) return forward(store);
    auto impl = std::make_unique<Impl>();
    impl->store = std::move(*store);
    impl->run = run;
    impl->thread = std::thread([raw = impl.get()] { raw->work(); });
    return std::unique_ptr<Writer>(new Writer(std::move(impl)));
}

Result<void> Writer::push(BundlePtr bundle) {
    if (const Result<void> sound = check(*bundle, m_impl->run); !sound) return sound;
    const std::uint64_t step = bundle->step.step;
    if (m_impl->lastStep && step <= *m_impl->lastStep) {
        return fail(ErrorKind::Internal, "trace", "step {} comes after step {}", step, *m_impl->lastStep);
    }
    {
        std::unique_lock lock(m_impl->mutex);
        m_impl->moved.wait(lock, [&] { return !m_impl->state || m_impl->waiting.size() < kQueueCapacity; });
        if (!m_impl->state) return m_impl->state;
        if (m_impl->ending) return fail(ErrorKind::Internal, "trace", "the writer is closed");
        m_impl->waiting.push_back(std::move(bundle));
        ++m_impl->pushed;
    }
    m_impl->lastStep = step;
    m_impl->wake.notify_one();
    return {};
}

Result<void> Writer::flush() {
    std::unique_lock lock(m_impl->mutex);
    m_impl->hurry = true;
    m_impl->wake.notify_one();
    m_impl->moved.wait(lock, [&] { return !m_impl->state || m_impl->committed == m_impl->pushed; });
    return m_impl->state;
}

Result<void> Writer::close() {
    return m_impl->end();
}

}  // namespace kvscope::trace
