// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vulkan/vulkan.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/base/error.h"

namespace kvscope::vulkan {

/// A Vulkan 1.2 instance, with the validation layer (synchronisation validation too) if asked. Outlives its devices.
class Instance {
  public:
    static Result<std::unique_ptr<Instance>> create(bool validation);
    ~Instance();
    Instance(const Instance&) = delete;
    Instance& operator=(const Instance&) = delete;

    [[nodiscard]] VkInstance handle() const { return m_instance; }
    [[nodiscard]] bool validating() const { return m_messenger != VK_NULL_HANDLE; }
    /// What the validation layer said so far (warnings and errors).
    [[nodiscard]] std::vector<std::string> messages() const;
    void addMessage(std::string message);

  private:
    Instance() = default;
    VkInstance m_instance = VK_NULL_HANDLE;
    VkDebugUtilsMessengerEXT m_messenger = VK_NULL_HANDLE;
    mutable std::mutex m_mutex;
    std::vector<std::string> m_messages;
};

}  // namespace kvscope::vulkan
