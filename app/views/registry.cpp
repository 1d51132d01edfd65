// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "app/views/decisions_view.h"
#include "app/views/head_map_view.h"
#include "app/views/model_view.h"
#include "app/views/policy_view.h"
#include "app/views/text_view.h"
#include "app/views/timelines_view.h"
#include "app/views/traffic_view.h"
#include "app/views/view.h"

namespace kvscope::views {

namespace {

template <typename T>
View* make(ViewContext& context) {
    return new T(context);
}

}  // namespace

std::span<const ViewFactory> viewFactories() {
    static constexpr std::array kViews{
        ViewFactory{"model", "Model", "Alt+1", Area::Left, make<ModelView>},
        ViewFactory{"policy", "Policy", "Alt+2", Area::Left, make<PolicyView>},
        ViewFactory{"headMap", "Layer × head", "Alt+3", Area::Middle, make<HeadMapView>},
        ViewFactory{"timelines", "Timelines", "Alt+4", Area::Middle, make<TimelinesView>},
        ViewFactory{"decisions", "Decisions", "Alt+5", Area::Right, make<DecisionsView>},
        ViewFactory{"traffic", "Traffic", "Alt+6", Area::Right, make<TrafficView>},
        ViewFactory{"text", "Text", "Alt+7", Area::Bottom, make<TextView>},
    };
    return kViews;
}

}  // namespace kvscope::views
