// SPDX-License-Identifier: Apache-2.0
#include "engine/trace/detail/store.h"

#include <fmt/format.h>

#include <array>
#include <fstream>

#include "engine/trace/detail/digest.h"
#include "engine/trace/detail/row_io.h"
#include "engine/trace/detail/tables.h"

namespace kvscope::trace::detail {

namespace {

namespace fs = std::filesystem;

/// True for an empty file and for one whose SQLite header carries our application id.
bool mayReplace(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::array<char, 72> header{};
    file.read(header.data(), header.size());
    if (file.gcount() == 0) return true;
    if (file.gcount() < static_cast<std::streamsize>(header.size())) return false;
    if (std::string_view(header.data(), 15) != "SQLite format 3") return false;
    std::uint32_t id = 0;
    for (std::size_t i = 68; i < 72; ++i) id = (id << 8U) | static_cast<std::uint8_t>(header.at(i));
    return id == static_cast<std::uint32_t>(kApplicationId);
}

Result<void> clearPath(const fs::path& path) {
    std::error_code error;
    if (!fs::exists(path, error)) return {};
    if (fs::is_regular_file(path, error) && mayReplace(path)) {
        fs::remove(path, error);
        if (error) return fail(ErrorKind::Io, path.string(), "the file cannot be replaced ({})", error.message());
        return {};
    }
    return fail(ErrorKind::Io, path.string(), "exists and is no KVScope trace; it is not overwritten");
}

Result<void> createTables(Database& database, const RunInfo& run) {
    std::string sql = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; BEGIN;";
    for (const Table& t : tables()) sql += createSql(t) + ";";
    sql += fmt::format("PRAGMA application_id={}; PRAGMA user_version={};", kApplicationId, kSchemaVersion);
    if (const Result<void> done = database.execute(sql); !done) return done;
    Result<Statement> insert = database.prepare(insertSql(table("run")));
    if (!insert) return forward(insert);
    Binder binder(*insert, 1);
    fields(binder, run);
    insert->bind(binder.next(), digest(run));
    if (const Result<void> done = insert->run(); !done) return done;
    return database.execute("COMMIT");
}

}  // namespace

Result<std::unique_ptr<Store>> Store::create(const fs::path& path, const RunInfo& run) {
    if (const Result<void> clear = clearPath(path); !clear) return forward(clear);
    std::error_code ignored;
    for (const char* suffix : {"-wal", "-shm", "-journal"}) fs::remove(path.string() + suffix, ignored);
    Result<Database> database = Database::create(path);
    if (!database) return forward(database);
    if (const Result<void> made = createTables(*database, run); !made) return forward(made);
    Result<HeadStore> heads = HeadStore::create(*database, run.nLayers);
    if (!heads) return forward(heads);
    std::unique_ptr<Store> store(new Store(std::move(*database), std::move(*heads)));
    if (const Result<void> ready = store->prepareAll(); !ready) return forward(ready);
    return store;
}

Result<void> Store::prepareAll() {
    Result<Statement> step = m_database.prepare(insertSql(table("steps")));
    if (!step) return forward(step);
    m_insertStep = std::move(*step);
    Result<void> state;
    forEachChild([&]<typename Row>() {
        if (!state) return;
        Result<Statement> child = m_database.prepare(insertSql(table(RowTable<Row>::table)));
        if (child) {
            m_insertChild.push_back(std::move(*child));
        } else {
            state = forward(child);
        }
    });
    return state;
}

Result<void> Store::transaction(const auto& body) {
    if (const Result<void> begun = m_database.execute("BEGIN IMMEDIATE"); !begun) return begun;
    Result<void> done = body();
    if (done) done = m_database.execute("COMMIT");
    if (!done) (void)m_database.execute("ROLLBACK");
    return done;
}

Result<void> Store::write(std::span<const BundlePtr> batch) {
    return transaction([&]() -> Result<void> {
        for (const BundlePtr& bundle : batch) {
            if (const Result<void> done = writeBundle(*bundle); !done) return done;
        }
        return m_heads.flush();
    });
}

template <typename Row>
Result<void> Store::insertRows(const StepBundle& bundle, std::size_t index) {
    Statement& insert = m_insertChild.at(index);
    std::int64_t ordinal = 0;
    const std::vector<Row> rows = rowsOf<Row>(bundle);
    for (const Row& row : rows) {
        insert.bind(1, static_cast<std::int64_t>(bundle.step.step));
        insert.bind(2, ordinal++);
        Binder binder(insert, 3);
        fields(binder, row);
        if (const Result<void> done = insert.run(); !done) return done;
    }
    return {};
}

Result<void> Store::writeBundle(const StepBundle& bundle) {
    Binder binder(m_insertStep, 1);
    fields(binder, bundle.step);
    m_insertStep.bind(binder.next(), digest(bundle, m_steps));
    Result<void> state = m_insertStep.run();
    std::size_t index = 0;
    forEachChild([&]<typename Row>() {
        if (state) state = insertRows<Row>(bundle, index);
        ++index;
    });
    if (state) state = m_heads.add(bundle.step.step, bundle.heads);
    if (state) ++m_steps;
    return state;
}

Result<void> Store::finish() {
    const Result<void> done = transaction([&]() -> Result<void> {
        if (const Result<void> heads = m_heads.finish(); !heads) return heads;
        return m_database.execute(fmt::format("INSERT INTO closing (steps) VALUES ({})", m_steps));
    });
    if (!done) return done;
    // Another program that reads the file right now may hold it in WAL mode; the data is complete either way.
    (void)m_database.execute("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode=DELETE");
    return {};
}

}  // namespace kvscope::trace::detail
