/// Blocking work of a coroutine, done elsewhere.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <type_traits>
#include <utility>

namespace satchel {

/// Runs `work` (which must not throw) on `workers` and goes on, with its result, where the
/// coroutine was. The coroutine must not be destroyed before that.
template <typename Work>
boost::asio::awaitable<std::invoke_result_t<Work&>> RunOn(boost::asio::any_io_executor workers,
                                                          Work work) {
  std::optional<std::invoke_result_t<Work&>> result;
  auto initiate = [&](auto handler) {
    auto task = [&work, &result, handler = std::move(handler)]() mutable {
      result.emplace(work());
      auto home = boost::asio::get_associated_executor(handler);
      boost::asio::post(home, std::move(handler));
    };
    boost::asio::post(workers, std::move(task));
  };
  co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void()>(
      initiate, boost::asio::use_awaitable);
  co_return std::move(*result);
}

}  // namespace satchel
