// SPDX-License-Identifier: Apache-2.0
#include "engine/trace/writer.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/trace/reader.h"
#include "engine/trace/synthetic.h"
#include "support.h"

namespace kvscope::trace {
namespace {

using test::dump;

TEST(TraceWriter, FlushMakesStepsReadableWhileItRuns) {
    const test::TempFolder folder;
    const SyntheticOptions options{.steps = 150};
    auto writer = Writer::create(folder.path("a.kvtrace"), syntheticRun(options));
    ASSERT_TRUE(writer) << writer.error().text();
    for (std::uint64_t i = 0; i < 150; ++i) {
        ASSERT_TRUE((*writer)->push(syntheticStep(options, i)));
        if (i % 10 != 9) continue;
        ASSERT_TRUE((*writer)->flush());
    }
    {
        const Result<Reader> reader = Reader::open(folder.path("a.kvtrace"));
        ASSERT_TRUE(reader) << reader.error().text();
        EXPECT_FALSE(reader->complete());
        ASSERT_EQ(reader->stepCount(), 150U);
        const auto steps = reader->steps(140, 10);
        ASSERT_TRUE(steps) << steps.error().text();
        EXPECT_EQ(dump(*steps->back()), dump(*syntheticStep(options, 149)));
    }
    ASSERT_TRUE((*writer)->close());
    ASSERT_TRUE((*writer)->close());  // again does nothing
    EXPECT_FALSE((*writer)->push(syntheticStep(options, 150)));
    EXPECT_EQ(test::querySql(folder.path("a.kvtrace"), "SELECT max(part) FROM head_chunks"), "0");
}

/// Writes without end in a child and tells through the pipe when 100 steps are in the file.
[[noreturn]] void writeUntilKilled(const std::filesystem::path& path, const SyntheticOptions& options, int pipe) {
    auto writer = Writer::create(path, syntheticRun(options));
    if (!writer) _exit(1);
    for (std::uint64_t i = 0;; ++i) {
        if (!(*writer)->push(syntheticStep(options, i))) _exit(2);
        if (i == 99 && (!(*writer)->flush() || write(pipe, "x", 1) != 1)) _exit(3);
    }
}

TEST(TraceWriter, AKilledRunIsReadableUpToItsLastBatch) {
    const test::TempFolder folder;
    const SyntheticOptions options{.steps = 100, .errorEvery = 4};
    std::array<int, 2> ends{};
    ASSERT_EQ(pipe(ends.data()), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) writeUntilKilled(folder.path("a.kvtrace"), options, ends[1]);
    close(ends[1]);
    char told = 0;
    EXPECT_EQ(read(ends[0], &told, 1), 1);
    usleep(50'000);  // somewhere in a later batch
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    close(ends[0]);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself: " << WEXITSTATUS(status);

    const Result<Reader> reader = Reader::open(folder.path("a.kvtrace"));
    ASSERT_TRUE(reader) << reader.error().text();
    EXPECT_FALSE(reader->complete());
    ASSERT_GE(reader->stepCount(), 100U);
    const auto steps = reader->steps(0, reader->stepCount());
    ASSERT_TRUE(steps) << steps.error().text();
    for (std::uint64_t i = 0; i < steps->size(); ++i) ASSERT_EQ(dump(*(*steps)[i]), dump(*syntheticStep(options, i)));
}

TEST(TraceWriter, RefusesWhatItCannotWrite) {
    const test::TempFolder folder;
    const SyntheticOptions options;
    EXPECT_FALSE(Writer::create(folder.path("no/such/folder/a.kvtrace"), syntheticRun(options)));
    test::writeFile(folder.path("note.txt"), "something of value");
    const auto refused = Writer::create(folder.path("note.txt"), syntheticRun(options));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::Io);
    EXPECT_EQ(test::readFile(folder.path("note.txt")), "something of value");

    test::writeTrace(folder.path("a.kvtrace"), syntheticHistory({.steps = 5}));
    test::writeTrace(folder.path("a.kvtrace"), syntheticHistory({.steps = 3}));  // a trace is replaced
    EXPECT_EQ(Reader::open(folder.path("a.kvtrace"))->stepCount(), 3U);
}

TEST(TraceWriter, RefusesUnsoundBundles) {
    const test::TempFolder folder;
    const SyntheticOptions options;
    auto writer = Writer::create(folder.path("a.kvtrace"), syntheticRun(options));
    ASSERT_TRUE(writer);
    ASSERT_TRUE((*writer)->push(syntheticStep(options, 5)));
    EXPECT_FALSE((*writer)->push(syntheticStep(options, 5)));
    auto short_ = std::make_shared<StepBundle>(*syntheticStep(options, 6));
    short_->heads.front().values.pop_back();
    const Result<void> wrong = (*writer)->push(short_);
    ASSERT_FALSE(wrong);
    EXPECT_NE(wrong.error().message.find("resident_rows"), std::string::npos);
    auto twice = std::make_shared<StepBundle>(*syntheticStep(options, 7));
    twice->heads.push_back(twice->heads.front());
    EXPECT_FALSE((*writer)->push(twice));
    EXPECT_TRUE((*writer)->close());
    EXPECT_EQ(Reader::open(folder.path("a.kvtrace"))->stepCount(), 1U);
}

/// Pushes until the writer says that it failed, then closes; the first error.
Error pushUntilItFails(const std::filesystem::path& path) {
    const SyntheticOptions options{.nLayers = 16, .nHeads = 16, .nKvHeads = 16, .errorEvery = 1};
    auto writer = Writer::create(path, syntheticRun(options));
    if (!writer) return writer.error();
    for (std::uint64_t i = 0; i < 4000; ++i) {
        if (const Result<void> pushed = (*writer)->push(syntheticStep(options, i)); !pushed) {
            EXPECT_FALSE((*writer)->close());
            return pushed.error();
        }
    }
    const Result<void> closed = (*writer)->close();
    return closed ? Error{ErrorKind::Internal, "", "nothing failed"} : closed.error();
}

TEST(TraceWriter, AFullDiskIsReportedAndWhatWasWrittenIsRead) {
    const test::TempFolder folder;
    if (mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=1m") != 0) {
        GTEST_SKIP() << "a full disk needs the right to mount a tmpfs";
    }
    const Error error = pushUntilItFails(folder.path("a.kvtrace"));
    EXPECT_EQ(error.kind, ErrorKind::Io);
    EXPECT_NE(error.message.find("full"), std::string::npos) << error.text();
    const Result<Reader> reader = Reader::open(folder.path("a.kvtrace"));
    EXPECT_TRUE(reader) << reader.error().text();
    if (reader) {
        EXPECT_GT(reader->stepCount(), 0U);
        EXPECT_TRUE(reader->steps(0, reader->stepCount()));
    }
    umount2(folder.path().c_str(), MNT_DETACH);
}

TEST(TraceWriter, AFileSizeLimitIsReported) {
    const test::TempFolder folder;
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        signal(SIGXFSZ, SIG_IGN);
        const rlimit limit{300'000, 300'000};
        if (setrlimit(RLIMIT_FSIZE, &limit) != 0) _exit(1);
        const Error error = pushUntilItFails(folder.path("a.kvtrace"));
        _exit(error.kind == ErrorKind::Io ? 0 : 2);
    }
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace kvscope::trace
