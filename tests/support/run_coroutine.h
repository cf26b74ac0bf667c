/// Runs a coroutine to its end on the calling thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <optional>
#include <utility>

namespace satchel {

template <typename Answer>
Answer RunCoroutine(boost::asio::awaitable<Answer> work) {
  boost::asio::io_context io;
  std::optional<Answer> answer;
  boost::asio::co_spawn(
      io, [&answer, &work]() -> boost::asio::awaitable<void> { answer = co_await std::move(work); },
      [](const std::exception_ptr& thrown) {
        if (thrown) std::rethrow_exception(thrown);
      });
  io.run();
  return *std::move(answer);
}

}  // namespace satchel
