// SPDX-License-Identifier: Apache-2.0
#include "support.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <stdlib.h>  // mkdtemp

#include <bit>
#include <cmath>
#include <fstream>
#include <limits>
#include <sstream>

#include "engine/trace/writer.h"

namespace kvscope::trace::test {

namespace fs = std::filesystem;

TempFolder::TempFolder() {
    std::string name = (fs::temp_directory_path() / "kvscope-trace-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    m_path = name;
}

TempFolder::~TempFolder() {
    std::error_code ignored;
    fs::remove_all(m_path, ignored);
}

namespace {

/// The file format does not tell -0 from 0 in REAL columns.
std::string bits(double v) {
    v += 0.0;

    return std::isnan(v) ? "nan" : fmt::format("{:x}", std::bit_cast<std::uint64_t>(v));
}
std::string bits(float v) {
    return fmt::format("{:x}", std::bit_cast<std::uint32_t>(v));
}
std::string bitsOrNan(float v) {
    return std::isnan(v) ? "nan" : bits(v);
}

void dumpStep(std::string& out, const StepRecord& s) {
    out +=
        fmt::format("step {} {} {} {} {} {} {} {} {} {} {}\n", s.step, static_cast<int>(s.phase), s.tokens, s.sequences,
                    s.position, s.hostNs, s.gpuNs, s.dispatches, s.submissions, s.instrumented, s.policyIndex);
}

}  // namespace

std::string dump(const StepBundle& b) {
    std::string out;
    dumpStep(out, b.step);
    for (const TokenRecord& t : b.tokens) {
        out += fmt::format("token {} {} {} {} {} {}:{}\n", t.sequence, t.position, t.token, t.generated,
                           bitsOrNan(t.logProbability), t.text.size(), t.text);
    }
    for (const OccupancyRecord& o : b.occupancy) {
        out += fmt::format("occupancy {} {} {} {} {} {} {} {} {}\n", o.sequence, o.logicalRows, o.physicalRows,
                           o.bytesAllocated, o.bytesUsed, o.bytesNativeF16, o.bytesMhaF16, o.bytesIndex, o.bytesHeld);
    }
    for (const TrafficEntry& e : b.traffic.byCategory) {
        out += fmt::format("traffic {} {} {}\n", e.readRequested, e.readUnique, e.written);
    }
    for (const KernelRecord& k : b.kernels) {
        out += fmt::format("kernel {} {} {} {} {} {} {}\n", k.kernel, k.dispatches, k.bytesRead, k.bytesUnique,
                           k.bytesWritten, k.gpuNs, k.flops);
    }
    for (const HeadMetricRecord& h : b.heads) {
        out += fmt::format("head {} {}", static_cast<int>(h.metric), h.sequence);
        for (const float v : h.values) out += " " + bits(v);
        out += "\n";
    }
    for (const DecisionRecord& d : b.decisions) {
        out += fmt::format("decision {} {} {} {} {} {} {}:{} {} {} {} {} {} {} {} {}\n", d.sequence, d.layer, d.kvHead,
                           static_cast<int>(d.axis), static_cast<int>(d.kind), d.method, d.text.size(), d.text, d.rows,
                           d.positionFirst, d.positionLast, bits(d.score), bits(d.threshold), bits(d.predictedError),
                           bits(d.verifiedError), d.bytes);
    }
    for (const LaneRecord& l : b.lanes) {
        out += fmt::format("lane {} {} {} {} {}\n", l.sequence, bits(l.kl), l.sameTop, bits(l.nll), bits(l.nllExact));
    }
    return out + "policy " + b.policySwitchedTo + "\n";
}

std::string dump(const RunInfo& r) {
    return fmt::format("{}|{}|{}|{}|{}|{} {} {} {} {} {} {} {}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}", r.modelName,
                       r.modelPath, r.architecture, r.modelBytes, r.weightTypes, r.nLayers, r.nHeads, r.nKvHeads,
                       r.headDim, r.vocabulary, r.trainedContext, r.contextLength, r.chunk, r.policyRequested,
                       r.policyEffective, r.mathMode, r.seed, r.deviceName, r.deviceUuid, r.driver, r.deviceIsCpu,
                       bits(r.copyBytesPerSecond), r.errorEvery, r.bytesPerTokenNativeF16, r.bytesPerTokenMhaF16,
                       r.startedAt, r.program);
}

void writeTrace(const fs::path& path, const History& history) {
    auto writer = Writer::create(path, history.run());
    ASSERT_TRUE(writer) << writer.error().text();
    for (const BundlePtr& bundle : history.bundles()) {
        const Result<void> pushed = (*writer)->push(bundle);
        ASSERT_TRUE(pushed) << pushed.error().text();
    }
    const Result<void> closed = (*writer)->close();
    ASSERT_TRUE(closed) << closed.error().text();
}

namespace {

std::string sqlite(const fs::path& path, const std::string& sql) {
    sqlite3* db = nullptr;
    std::string result;
    EXPECT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
    const auto first = [](void* to, int, char** values, char**) {
        auto& text = *static_cast<std::string*>(to);
        if (text.empty() && values[0] != nullptr) text = values[0];
        return 0;
    };
    char* message = nullptr;
    EXPECT_EQ(sqlite3_exec(db, sql.c_str(), first, &result, &message), SQLITE_OK) << (message ? message : "") << sql;
    sqlite3_free(message);
    sqlite3_close(db);
    return result;
}

}  // namespace

void runSql(const fs::path& path, const std::string& sql) {
    (void)sqlite(path, sql);
}
std::string querySql(const fs::path& path, const std::string& sql) {
    return sqlite(path, sql);
}

std::string readFile(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::stringstream bytes;
    bytes << file.rdbuf();
    return bytes.str();
}

void writeFile(const fs::path& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

History awkwardHistory() {
    using D = std::numeric_limits<double>;
    using F = std::numeric_limits<float>;
    using U64 = std::numeric_limits<std::uint64_t>;
    RunInfo run;
    run.modelName = "caf\xC3\xA9 \xF0\x9F\x98\x80";
    run.modelPath = std::string("odd\xFF\0name", 9);
    run.nLayers = 2;
    run.nHeads = 4;
    run.nKvHeads = 1;
    run.seed = U64::max();
    run.copyBytesPerSecond = D::denorm_min();
    History history(run);
    auto a = std::make_shared<StepBundle>();
    a->step = {7, Phase::Decode, 0xFFFFFFFFU, 3, U64::max(), U64::max() - 1, 1, 2, 3, true, 0xFFFFFFFFU};
    a->tokens = {{0, U64::max(), -2147483647 - 1, true, F::quiet_NaN(), "\xE2\x82"},
                 {1, 0, 2147483647, false, -F::infinity(), ""},
                 {kAllSequences, 1, 0, false, F::denorm_min(), std::string("a\0b", 3)},
                 {2, 2, 5, true, -0.1F, "\"quoted\", \\x41\r\n\xE2\x82\xAC"}};
    a->occupancy = {{kAllSequences, 1, 2, 3, 4, 5, 6, 7, U64::max()}, {0, 9, 8, 7, 6, 5, 4, 3, 2}};
    a->traffic.byCategory = {{{1, 2, 3}, {0, 0, 0}, {0, 0, U64::max()}, {4, 0, 0}, {0, 5, 0}}};
    a->kernels = {{"attn_decode", 1, 2, 3, 4, 5, 6}, {"", 0, 0, 0, 0, 0, U64::max()}};
    a->heads = {{HeadMetric::ErrorRelL2, 0, {0.0F, -0.0F, F::quiet_NaN(), F::infinity(), -F::infinity(), 1, 2, 3}},
                {HeadMetric::ResidentRows, kAllSequences, {16777216.0F, F::max()}},
                {HeadMetric::ResidentRows, 0, {F::denorm_min(), std::bit_cast<float>(0x7FC12345U)}}};
    a->decisions = {{0, -1, -1, Axis::Native, DecisionKind::PolicySwitch, "", "", 0, 0, 0, D::quiet_NaN(),
                     D::infinity(), -D::infinity(), 5e-324, std::numeric_limits<std::int64_t>::min()},
                    {1, 2147483647, 3, Axis::Share, DecisionKind::Share, "prefix", "shares 1 page", 1, 2, 3, 0.1, 1e300,
                     1.0 / 3, -2.5, std::numeric_limits<std::int64_t>::max()}};
    a->lanes = {{0, 1e-17, false, D::quiet_NaN(), 2.0}, {1, -0.0, true, 1, D::max()}};
    a->policySwitchedTo = "encode=k:q4_0,v:q8_0";
    history.append(a);
    auto empty = std::make_shared<StepBundle>();
    empty->step.step = 8;
    history.append(empty);
    auto far = std::make_shared<StepBundle>();
    far->step.step = 1'000'000'007;
    far->heads = {{HeadMetric::ResidentRows, 0, {1, 2}}};
    history.append(far);
    return history;
}

}  // namespace kvscope::trace::test
