#include "resilience/call_layer.h"

namespace satchel {

std::vector<std::string_view> CallStack::names() const {
  std::vector<std::string_view> names;
  names.reserve(layers_.size());
  for (const std::unique_ptr<CallLayer>& layer : layers_) names.push_back(layer->name());
  return names;
}

Status CallStack::RunFrom(std::size_t layer, const CallContext& call, CallLength length,
                          const CallLayer::Next& work) const {
  if (layer == layers_.size()) return work(call);
  return layers_[layer]->Run(call, length, [&, layer](const CallContext& inner) {
    return RunFrom(layer + 1, inner, length, work);
  });
}

}  // namespace satchel
