// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "app/views/head_map_view.h"
#include "app/views/model_view.h"
#include "app/views/timelines_view.h"
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
        ViewFactory{"headMap", "Layer × head", "Alt+3", Area::Middle, make<HeadMapView>},
        ViewFactory{"timelines", "Timelines", "Alt+4", Area::Middle, make<TimelinesView>},
    };
    return kViews;
}

}  // namespace kvscope::views
