// SPDX-License-Identifier: Apache-2.0
#include "engine/vulkan/instance.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "engine/vulkan/result.h"

namespace kvscope::vulkan {

namespace {

constexpr const char* kValidationLayer = "VK_LAYER_KHRONOS_validation";

VKAPI_ATTR VkBool32 VKAPI_CALL onMessage(VkDebugUtilsMessageSeverityFlagBitsEXT, VkDebugUtilsMessageTypeFlagsEXT,
                                         const VkDebugUtilsMessengerCallbackDataEXT* data, void* user) {
    static_cast<Instance*>(user)->addMessage(data->pMessage != nullptr ? data->pMessage : "");
    return VK_FALSE;
}

bool hasValidationLayer() {
    std::uint32_t count = 0;
    vkEnumerateInstanceLayerProperties(&count, nullptr);
    std::vector<VkLayerProperties> layers(count);
    vkEnumerateInstanceLayerProperties(&count, layers.data());
    return std::ranges::any_of(layers, [](const auto& l) { return std::strcmp(l.layerName, kValidationLayer) == 0; });
}

VkDebugUtilsMessengerCreateInfoEXT messengerInfo(Instance* instance) {
    VkDebugUtilsMessengerCreateInfoEXT info{};
    info.sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT;
    info.messageSeverity =
        VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT | VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT;
    info.messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT;
    info.pfnUserCallback = &onMessage;
    info.pUserData = instance;
    return info;
}

}  // namespace

Result<std::unique_ptr<Instance>> Instance::create(bool validation) {
    std::unique_ptr<Instance> instance(new Instance);
    if (validation && !hasValidationLayer()) {
        return fail(ErrorKind::BadUsage, "vulkan", "the validation layer was asked for but is not installed ({})",
                    kValidationLayer);
    }
    VkApplicationInfo application{};
    application.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO;
    application.pApplicationName = "kvscope";
    application.apiVersion = VK_API_VERSION_1_2;
    const std::array layers{kValidationLayer};
    const std::array extensions{VK_EXT_DEBUG_UTILS_EXTENSION_NAME};
    const std::array enabled{VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT};
    VkValidationFeaturesEXT features{};
    features.sType = VK_STRUCTURE_TYPE_VALIDATION_FEATURES_EXT;
    features.enabledValidationFeatureCount = static_cast<std::uint32_t>(enabled.size());
    features.pEnabledValidationFeatures = enabled.data();
    VkInstanceCreateInfo info{};
    info.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO;
    info.pApplicationInfo = &application;
    if (validation) {
        info.pNext = &features;
        info.enabledLayerCount = static_cast<std::uint32_t>(layers.size());
        info.ppEnabledLayerNames = layers.data();
        info.enabledExtensionCount = static_cast<std::uint32_t>(extensions.size());
        info.ppEnabledExtensionNames = extensions.data();
    }
    const VkResult created = vkCreateInstance(&info, nullptr, &instance->m_instance);
    if (created != VK_SUCCESS) {
        return fail(ErrorKind::NoDevice, "vulkan", "no Vulkan 1.2 instance can be made ({})", name(created));
    }
    if (validation) {
        const auto create = reinterpret_cast<PFN_vkCreateDebugUtilsMessengerEXT>(
            vkGetInstanceProcAddr(instance->m_instance, "vkCreateDebugUtilsMessengerEXT"));
        const auto messenger = messengerInfo(instance.get());
        if (create != nullptr) KVS_VK(create(instance->m_instance, &messenger, nullptr, &instance->m_messenger));
    }
    return instance;
}

Instance::~Instance() {
    if (m_messenger != VK_NULL_HANDLE) {
        const auto destroy = reinterpret_cast<PFN_vkDestroyDebugUtilsMessengerEXT>(
            vkGetInstanceProcAddr(m_instance, "vkDestroyDebugUtilsMessengerEXT"));
        if (destroy != nullptr) destroy(m_instance, m_messenger, nullptr);
    }
    if (m_instance != VK_NULL_HANDLE) vkDestroyInstance(m_instance, nullptr);
}

std::vector<std::string> Instance::messages() const {
    const std::scoped_lock lock(m_mutex);
    return m_messages;
}

void Instance::addMessage(std::string message) {
    const std::scoped_lock lock(m_mutex);
    if (m_messages.size() < 1000) m_messages.push_back(std::move(message));
}

}  // namespace kvscope::vulkan
