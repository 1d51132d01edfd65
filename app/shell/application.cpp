// SPDX-License-Identifier: Apache-2.0
#include "app/shell/application.h"

#include <QCommandLineParser>
#include <QFileInfo>
#include <QIcon>
#include <QTextStream>
#include <string_view>
#include <utility>

#include "app/settings/settings.h"
#include "app/shell/frame_meter.h"
#include "app/shell/main_window.h"
#include "app/shell/run_settings.h"
#include "app/shell/scripted_run.h"
#include "app/shell/theme.h"
#include "app/views/head_map_view.h"
#include "engine/cache/policy/policy.h"

namespace kvscope::shell {

namespace {

constexpr int kBadUsage = 2;

void addOptions(QCommandLineParser& parser) {
    parser.setApplicationDescription(
        "Runs a GGUF language model on Vulkan under a key–value cache policy and shows what the cache does.\n"
        "Policies need quotes in a shell.");
    parser.addHelpOption();
    parser.addVersionOption();
    parser.addPositionalArgument("file", "model (.gguf) or recorded trace (.kvtrace)", "[file]");
    parser.addOptions({
        {"model", "Opens this model or trace.", "file"},
        {"device", "Vulkan device: an index, a part of its name, or a UUID.", "device"},
        {"policy", "Cache policy of the run.", "policy"},
        {"prompt", "Text the run starts with.", "text"},
        {"context", "Rows a sequence may reach; 0 = what the model was trained on.", "rows"},
        {"speed", "Decode steps a second at most; 0 = no limit.", "tokens"},
        {"steps", "Pauses after this many steps, and runs without a speed limit.", "n"},
        {"policy-at", "Switches the policy before a step; may be given more than once.", "step:policy"},
        {"error-every", "Error probe on every n-th step, 0 = off.", "n"},
        {"exact-lane", "Runs `exact` beside the policy on the same tokens."},
        {"no-exact-lane", "Does not."},
        {"metric", "Metric of the layer × head map, for example error_rel_l2.", "name"},
        {"record", "Records the run to a .kvtrace file.", "file"},
        {"screenshot", "Saves a picture of the window when the steps are done.", "file"},
        {"size", "Size of the window.", "width x height"},
        {"theme", "dark, light or system.", "name"},
        {"quit", "Ends the program when the steps are done."},
    });
}

struct Parsed {
    Options options;
    QString problem;  ///< empty = fine
};

bool readNumber(const QCommandLineParser& parser, const QString& name, double& into, QString& problem) {
    if (!parser.isSet(name)) {
        return false;
    }
    bool good = false;
    const double value = parser.value(name).toDouble(&good);
    if (!good || value < 0 || value > 4e9) {
        problem = QString("--%1: “%2” is no number of 0 or more").arg(name, parser.value(name));
        return false;
    }
    into = value;
    return true;
}

void readPolicyAt(const QCommandLineParser& parser, Parsed& parsed) {
    for (const QString& item : parser.values("policy-at")) {
        bool good = false;
        const qsizetype colon = item.indexOf(':');
        const auto step = item.left(colon).toULongLong(&good);
        const std::string policy = item.mid(colon + 1).toStdString();
        if (colon < 1 || !good) {
            parsed.problem = QString("--policy-at: “%1” is not STEP:POLICY").arg(item);
        } else if (const auto valid = cache::CachePolicy::parse(policy); !valid) {
            parsed.problem = "--policy-at: " + QString::fromStdString(valid.error().text());
        }
        parsed.options.policyAt.emplace_back(step, policy);
    }
}

void readSize(const QCommandLineParser& parser, Parsed& parsed) {
    if (!parser.isSet("size")) {
        return;
    }
    const QStringList parts = parser.value("size").split('x');
    parsed.options.size = parts.size() == 2 ? QSize(parts[0].toInt(), parts[1].toInt()) : QSize();
    if (parsed.options.size.width() < 320 || parsed.options.size.height() < 240 ||
        parsed.options.size.width() > 16384 || parsed.options.size.height() > 16384) {
        parsed.problem = QString("--size: “%1” is no size such as 1600x1000").arg(parser.value("size"));
    }
}

Parsed parse(const QCommandLineParser& parser) {
    Parsed parsed;
    Options& options = parsed.options;
    const QStringList files = parser.positionalArguments();
    options.file = parser.isSet("model") ? parser.value("model") : files.value(0);
    options.policy = parser.value("policy");
    options.prompt = parser.value("prompt");
    options.theme = parser.value("theme");
    options.record = parser.value("record");
    options.screenshot = parser.value("screenshot");
    options.metric = parser.value("metric");
    options.quit = parser.isSet("quit");
    double number = 0;
    if (readNumber(parser, "steps", number, parsed.problem)) {
        options.steps = static_cast<std::uint64_t>(number);
    }
    if (readNumber(parser, "error-every", number, parsed.problem)) {
        options.errorEvery = static_cast<int>(number);
    }
    if (readNumber(parser, "context", number, parsed.problem)) {
        options.contextLength = static_cast<std::uint32_t>(number);
    }
    readNumber(parser, "speed", options.speed, parsed.problem);
    options.exactLane = parser.isSet("exact-lane") ? 1 : parser.isSet("no-exact-lane") ? 0 : -1;
    readPolicyAt(parser, parsed);
    readSize(parser, parsed);
    if (files.size() > 1) {
        parsed.problem = "more than one file was given";
    }
    if (!options.policy.isEmpty()) {
        if (const auto valid = cache::CachePolicy::parse(options.policy.toStdString()); !valid) {
            parsed.problem = "--policy: " + QString::fromStdString(valid.error().text());
        }
    }
    return parsed;
}

bridge::RunSettings runSettingsFor(const Options& options, const settings::Settings& settings) {
    bridge::RunSettings run = runSettings(settings);
    run.maxSteps = options.steps;
    run.policyAt = options.policyAt;
    run.recordTo = options.record.toStdString();
    return run;
}

void storeOptions(const Options& options, settings::Settings& settings) {
    using settings::Key;
    if (!options.policy.isEmpty()) {
        settings.set(Key::Policy, options.policy);
    }
    if (!options.prompt.isEmpty()) {
        settings.set(Key::Prompt, options.prompt);
    }
    if (!options.theme.isEmpty()) {
        settings.set(Key::Theme, options.theme);
    }
    if (options.errorEvery >= 0) {
        settings.set(Key::ErrorEvery, options.errorEvery);
    }
    if (options.exactLane >= 0) {
        settings.set(Key::ExactLane, options.exactLane == 1);
    }
    if (options.contextLength > 0) {
        settings.set(Key::ContextLength, options.contextLength);
    }
    if (options.speed >= 0 || options.steps > 0) {
        settings.set(Key::Speed, std::max(0.0, options.speed));
    }
}

bool chooseMetric(MainWindow& window, const QString& name) {
    if (name.isEmpty()) {
        return true;
    }
    for (const auto& info : models::metricInfos()) {
        for (auto* dock : window.docks()) {
            auto* map = qobject_cast<views::HeadMapView*>(&dock->view());
            if (map != nullptr && name == trace::name(info.metric)) {
                map->setMetric(info.metric);
                return true;
            }
        }
    }
    return false;
}

void openFirst(MainWindow& window, const Options& options, const settings::Settings& settings) {
    const QString file = options.file.isEmpty() ? findBundledModel() : options.file;
    if (file.isEmpty()) {
        window.showError("The bundled model was not found; open another, or set KVSCOPE_RESOURCE_DIR to its folder.");
    } else {
        window.openFile(file, runSettingsFor(options, settings));
    }
}

}  // namespace

int runApplication(int& argc, char** argv,
                   const std::function<std::unique_ptr<bridge::EngineBackend>(const std::string& device)>& make) {
    for (int i = 1; i < argc; ++i) {
        const std::string_view argument = argv[i];
        if (argument == "--help" || argument == "-h" || argument == "--version" || argument == "-v") {
            qputenv("QT_QPA_PLATFORM", "offscreen");  // these need no display
        }
    }
    QGuiApplication::setHighDpiScaleFactorRoundingPolicy(Qt::HighDpiScaleFactorRoundingPolicy::PassThrough);
    MeasuredApplication application(argc, argv);
    QCoreApplication::setOrganizationName("kvscope");
    QCoreApplication::setApplicationName("kvscope");
    QCoreApplication::setApplicationVersion(KVSCOPE_VERSION);
    QGuiApplication::setApplicationDisplayName("KVScope");
    QCommandLineParser parser;
    addOptions(parser);
    if (!parser.parse(QCoreApplication::arguments())) {
        QTextStream(stderr) << "kvscope: " << parser.errorText() << "\n";
        return kBadUsage;
    }
    if (parser.isSet("help") || parser.isSet("version")) {
        parser.process(application);  // prints and ends
    }
    const Parsed parsed = parse(parser);
    if (!parsed.problem.isEmpty()) {
        QTextStream(stderr) << "kvscope: " << parsed.problem << "\n";
        return kBadUsage;
    }
    const Options& options = parsed.options;
    settings::Settings settings(options.scripted() ? settings::Settings::Store::Memory
                                                   : settings::Settings::Store::File);
    storeOptions(options, settings);
    applyTheme(themeFromName(settings.value(settings::Key::Theme).toString()));
    QGuiApplication::setWindowIcon(QIcon(":/icons/kvscope.svg"));
    bridge::EngineThread engine([make, device = parser.value("device").toStdString()] { return make(device); });
    MainWindow window(engine, settings);
    window.measureFrames([&application] { return application.takeBusyMs(); });
    if (options.size.isValid()) {
        window.resize(options.size);
        window.resetLayout();
    }
    if (!chooseMetric(window, options.metric)) {
        QTextStream(stderr) << "kvscope: --metric: “" << options.metric << "” is none of the map's metrics\n";
        return kBadUsage;
    }
    if (options.scripted()) {
        new ScriptedRun(options, window);
    }
    window.show();
    openFirst(window, options, settings);
    return QApplication::exec();
}

}  // namespace kvscope::shell
