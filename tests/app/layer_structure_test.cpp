// SPDX-License-Identifier: Apache-2.0
// What views say about the layers, from descriptions written by hand.
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "app/models/head_map_model.h"
#include "app/models/layer_structure.h"
#include "app/models/layer_words.h"
#include "app/models/policy_model.h"

namespace kvscope::models {
namespace {

using trace::HeadMetric;

trace::RunInfo runOf(std::uint32_t heads, std::uint32_t kvHeads, const std::vector<std::string>& layers) {
    trace::RunInfo run;
    run.nLayers = static_cast<std::uint32_t>(layers.size());
    run.nHeads = heads;
    run.nKvHeads = kvHeads;
    run.layers = "[";
    for (const std::string& layer : layers) {
        run.layers += (run.layers.size() > 1 ? "," : "") + layer;
    }
    run.layers += "]";
    return run;
}

constexpr const char* kFull =
    R"({"source":%1,"heads":8,"kv_heads":1,"key_dim":64,"value_dim":64,"window":0,"ratio":0,"roles":["attention"]})";

// Layers 0 to 3: window, window, window, full; layers 4 and 5 read 2 and 3. The full layers have fewer KV heads.
trace::RunInfo borrowing() {
    const std::string window =
        R"("heads":8,"kv_heads":4,"key_dim":32,"value_dim":32,"window":512,"ratio":0,"roles":["attention"]})";
    const std::string full =
        R"("heads":8,"kv_heads":2,"key_dim":64,"value_dim":64,"window":0,"ratio":0,"roles":["attention"]})";
    const std::string windowBorrower =
        R"("heads":8,"kv_heads":4,"key_dim":32,"value_dim":32,"window":512,"ratio":0,"roles":[]})";
    const std::string fullBorrower =
        R"("heads":8,"kv_heads":2,"key_dim":64,"value_dim":64,"window":0,"ratio":0,"roles":[]})";
    return runOf(8, 4,
                 {R"({"source":0,)" + window, R"({"source":1,)" + window, R"({"source":2,)" + window,
                  R"({"source":3,)" + full, R"({"source":2,)" + windowBorrower, R"({"source":3,)" + fullBorrower});
}

trace::RunInfo latent(const std::string& more = "") {
    const std::string layer =
        R"("heads":8,"kv_heads":1,"key_dim":112,"value_dim":0,"window":0,"ratio":0)" + more + R"(,"roles":["latent"]})";
    return runOf(8, 1, {R"({"source":0,)" + layer, R"({"source":1,)" + layer});
}

trace::RunInfo compressed(const std::string& selects = "") {
    const std::string head = R"("heads":4,"kv_heads":1,"key_dim":64,"value_dim":0,"window":128,)";
    return runOf(
        4, 1,
        {R"({"source":0,)" + head + R"("ratio":0,"roles":["latent"]})",
         R"({"source":1,)" + head + R"("ratio":4)" + selects + R"(,"roles":["latent","compressed","index"]})",
         R"({"source":2,)" + head + R"("ratio":32,"roles":["latent","compressed"]})",
         R"({"source":3,)" + head + R"("ratio":4)" + selects + R"(,"roles":["latent","compressed","index"]})"});
}

QStringList labels(const LayerStructure& structure) {
    QStringList list;
    for (std::uint32_t layer = 0; layer < structure.size(); ++layer) {
        list.append(layerLabel(structure, layer));
    }
    return list;
}

TEST(LayerStructure, LabelsWhatEachLayerCaches) {
    EXPECT_EQ(labels(LayerStructure::of(borrowing())),
              QStringList({"window 512", "window 512", "window 512", "full", "reads layer 2", "reads layer 3"}));
    EXPECT_EQ(labels(LayerStructure::of(latent())), QStringList({"latent", "latent"}));
    EXPECT_EQ(labels(LayerStructure::of(compressed())), QStringList({"window 128", "CSA 4", "HCA 32", "CSA 4"}));
}

TEST(LayerStructure, SaysItInAFewLines) {
    EXPECT_EQ(structureLines(LayerStructure::of(borrowing())),
              QStringList({"1 full + 3 windowed layers of 512", "2 layers read layers 2 and 3"}));
    EXPECT_EQ(structureLines(LayerStructure::of(latent())),
              QStringList({"2 latent layers", "latent 112 for all heads"}));
    EXPECT_EQ(structureLines(LayerStructure::of(latent(R"(,"shared_value":96)"))),
              QStringList({"2 latent layers", "latent 96 + 16 for all heads"}));
    EXPECT_EQ(
        structureLines(LayerStructure::of(compressed())),
        QStringList({"1 windowed + 2 CSA 4 + 1 HCA 32 layers", "one head of 64, key = value", "window 128, indexer"}));
    EXPECT_EQ(structureLines(LayerStructure::of(compressed(R"(,"selects":64)"))).last(), "window 128, indexer top 64");
    EXPECT_EQ(structureLines(LayerStructure::of(runOf(8, 1, {QString(kFull).arg(0).toStdString()}))),
              QStringList({"1 full layer"}));
}

TEST(LayerStructure, SaysHowHeadsShareRows) {
    EXPECT_EQ(headSharing(LayerStructure::of(borrowing())), "GQA 8:4, 8:2");
    EXPECT_EQ(headSharing(LayerStructure::of(latent())), "MLA, 8 heads");
    EXPECT_EQ(headSharing(LayerStructure::of(compressed())), "MQA 4:1");
    trace::RunInfo old;
    old.nLayers = 3;
    old.nHeads = 8;
    old.nKvHeads = 4;
    EXPECT_EQ(headSharing(LayerStructure::of(old)), "GQA 8:4");
    old.nKvHeads = 8;
    EXPECT_EQ(headSharing(LayerStructure::of(old)), "MHA");
}

TEST(LayerStructure, SaysWhatIsNativeOnTheAxes) {
    EXPECT_EQ(nativeShare(LayerStructure::of(borrowing())), "native: GQA 8:4, 8:2; 2 layers read layers 2 and 3");
    EXPECT_EQ(nativeShare(LayerStructure::of(latent())), "native: MLA, 8 heads");
    EXPECT_EQ(nativeShare(LayerStructure::of(compressed())), "native: MQA 4:1; the key is the value");
    EXPECT_EQ(nativeRead(LayerStructure::of(latent())), "native: all resident rows");
    EXPECT_EQ(nativeRead(LayerStructure::of(compressed())), "native: all resident rows, but where an indexer chooses");
    EXPECT_EQ(nativeRead(LayerStructure()), "native: all resident rows");
}

TEST(LayerStructure, SentencesNameSourceAndSizes) {
    const auto gemma = LayerStructure::of(borrowing());
    EXPECT_EQ(layerSentence(gemma, 4),
              "Owns no rows: its queries read those of layer 2 (window 512).\n"
              "8 query heads on 4 KV heads, keys of 32 values and values of 32.");
    const auto blocks = LayerStructure::of(compressed(R"(,"selects":64)"));
    EXPECT_EQ(
        layerSentence(blocks, 1),
        "Compressed sparse attention: keeps the rows of the newest 128 tokens, and one compressed row for every 4 "
        "tokens; an indexer chooses which of these a query reads, at most 64.\n"
        "One head of 64 values for all 4 query heads; the key is the value.");
    const auto mla = LayerStructure::of(latent(R"(,"shared_value":96)"));
    EXPECT_EQ(layerSentence(mla, 0),
              "Latent attention (MLA): keeps one latent of every token.\n"
              "One row of 112 values (96 of the latent, 16 of the rotated key) serves all 8 query heads as key and "
              "value.");
}

TEST(LayerStructure, OffersOnlyMetricsThatLayersHave) {
    const auto gemma = LayerStructure::of(borrowing());
    EXPECT_FALSE(gemma.offers(HeadMetric::CompressedRows));
    EXPECT_FALSE(gemma.offers(HeadMetric::IndexRows));
    EXPECT_TRUE(gemma.offers(HeadMetric::KvReadBytes));
    const auto blocks = LayerStructure::of(compressed());
    EXPECT_TRUE(blocks.offers(HeadMetric::CompressedRows));
    EXPECT_TRUE(blocks.offers(HeadMetric::SelectedRows));
    EXPECT_EQ(whyNone(blocks, 2, HeadMetric::SelectedRows), "no indexer");
    EXPECT_EQ(whyNone(blocks, 0, HeadMetric::CompressedRows), "no compressed rows");
    EXPECT_EQ(whyNone(blocks, 2, HeadMetric::CompressedRows), "");
    EXPECT_EQ(whyNone(gemma, 5, HeadMetric::ResidentRows), "reads layer 3");
    EXPECT_EQ(whyNone(gemma, 5, HeadMetric::KvReadBytes), "");
}

TEST(LayerStructure, TakesWhatDoesNotFitAsNothing) {
    trace::RunInfo run = borrowing();
    EXPECT_TRUE(LayerStructure::of(run).known());
    const std::string good = run.layers;
    for (const std::string& bad :
         {std::string(), std::string("no JSON"), std::string("[]"), std::string("[1,2,3,4,5,6]"),
          good.substr(0, good.size() / 2), std::string(R"({"source":0})")}) {
        run.layers = bad;
        EXPECT_FALSE(LayerStructure::of(run).known()) << bad;
    }
    const auto replaced = [&](const std::string& from, const std::string& to) {
        std::string text = good;
        text.replace(text.find(from), from.size(), to);
        return text;
    };
    for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
             {"\"heads\":8", "\"heads\":9"},             // more heads than the run has
             {"\"kv_heads\":4", "\"kv_heads\":0"},       // none
             {"\"source\":0", "\"source\":3"},           // a later layer
             {"\"window\":512", "\"window\":-1"},        // no count
             {"\"window\":512", "\"window\":1e300"},     // too large
             {"\"key_dim\":32", "\"key_dim\":32.5"}}) {  // no whole number
        run.layers = replaced(from, to);
        EXPECT_FALSE(LayerStructure::of(run).known()) << to;
    }
}

TEST(HeadMapModel, MapsQueryHeadsByTheLayersOwnGroups) {
    const trace::RunInfo run = borrowing();
    trace::History history(run);
    trace::StepBundle bundle;
    const float none = std::nanf("");
    // Four columns a layer; the full layer uses the first two, borrowers none.
    bundle.heads.push_back(
        {HeadMetric::ResidentRows, 0, {1,  2,  3,    4,    5,    6,    7,    8,    9,    10,   11,   12,
                                       20, 21, none, none, none, none, none, none, none, none, none, none}});
    history.append(std::make_shared<const trace::StepBundle>(std::move(bundle)));
    HeadMapModel model;
    const Snapshot snapshot{&history, 1, 0};
    model.update(snapshot);
    const HeadGrid grid = model.grid(snapshot, HeadMetric::ResidentRows, {});
    EXPECT_EQ(grid.at(0, 1), 1);  // two query heads a KV head
    EXPECT_EQ(grid.at(0, 7), 4);
    EXPECT_EQ(grid.at(3, 3), 20);  // four query heads a KV head
    EXPECT_EQ(grid.at(3, 4), 21);
    EXPECT_TRUE(std::isnan(grid.at(5, 0)));
    EXPECT_TRUE(std::isnan(grid.at(0, 8)));
    EXPECT_FALSE(grid.structure.sameGroups());
    EXPECT_FALSE(model.offers(HeadMetric::SelectedRows));
}

TEST(HeadMapModel, OffersRowsOfOldTracesOnlyWhereTheyWereRecorded) {
    trace::RunInfo run;  // recorded before layers were described
    run.nLayers = 1;
    run.nHeads = 2;
    run.nKvHeads = 1;
    trace::History history(run);
    trace::StepBundle bundle;
    bundle.heads.push_back({HeadMetric::ResidentRows, 0, {7}});
    history.append(std::make_shared<const trace::StepBundle>(std::move(bundle)));
    HeadMapModel model;
    const Snapshot snapshot{&history, 1, 0};
    model.update(snapshot);
    EXPECT_FALSE(model.structure().known());
    EXPECT_EQ(model.grid(snapshot, HeadMetric::ResidentRows, {}).at(0, 1), 7);
    EXPECT_TRUE(model.offers(HeadMetric::ErrorRelL2));
    EXPECT_FALSE(model.offers(HeadMetric::CompressedRows));
}

TEST(PolicyModel, SaysWhyALatentHasNoEncodingForKeysAlone) {
    PolicyModel model;
    model.setText("encode=k:q8_0");
    EXPECT_TRUE(model.problem().isEmpty());
    model.setShape(cache::ModelShape{"deepseek2", 2, 8, 1, 112, 512});
    EXPECT_TRUE(model.problem().contains("one latent for keys and values")) << model.problem().toStdString();
}

}  // namespace
}  // namespace kvscope::models
