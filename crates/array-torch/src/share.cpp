// A tensor over memory that belongs to somebody else. What tch's `from_blob` lacks is the owner, whom the last tensor on the
// memory releases: views, which kernels make of a tensor, outlive it.

#include <ATen/core/Tensor.h>
#include <ATen/ops/from_blob.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <atomic>
#include <cstring>
#include <exception>
#include <memory>

namespace {

// No exception may pass into Rust: each becomes a text, which the caller frees.
template <typename F>
auto guarded(char **why, F f) noexcept -> decltype(f()) {
  try {
    return f();
  } catch (const c10::Error &e) {
    *why = strdup(e.what_without_backtrace());
  } catch (const std::exception &e) {
    *why = strdup(e.what());
  } catch (...) {
    *why = strdup("an exception of unknown type");
  }
  return {};
}

}  // namespace

// Calls `release(owner)` once: with the last tensor on the memory, or before this returns null. A negative device is the CPU.
extern "C" at::Tensor *array_torch_share(void *data, const int64_t *sizes, const int64_t *strides, size_t axes, int type,
                                         int device, void *owner, void (*release)(void *), char **why) noexcept {
  std::unique_ptr<void, void (*)(void *)> held(owner, release);
  return guarded(why, [&]() -> at::Tensor * {
    const auto place = device < 0 ? at::Device(at::kCPU) : at::Device(at::kCUDA, static_cast<at::DeviceIndex>(device));
    const auto options = at::TensorOptions().dtype(static_cast<at::ScalarType>(type)).device(place);
    auto maker = at::for_blob(data, at::IntArrayRef(sizes, axes));
    maker.strides(at::IntArrayRef(strides, axes)).options(options).target_device(place);
    return new at::Tensor(maker.context(held.release(), release).make_tensor());
  });
}

// Whether a tensor's memory is one that `array_torch_share` was given with this `release`.
extern "C" bool array_torch_is_shared(const at::Tensor *tensor, void (*release)(void *), char **why) noexcept {
  return guarded(why, [&] { return tensor->storage().data_ptr().get_deleter() == release; });
}

// Whether nothing else holds this tensor, and no other tensor is on its memory.
extern "C" bool array_torch_is_sole(const at::Tensor *tensor) noexcept {
  const bool sole = tensor->use_count() == 1 && tensor->has_storage() && tensor->storage().use_count() == 1;
  // What others did before they let go of it happened before this.
  std::atomic_thread_fence(std::memory_order_acquire);
  return sole;
}

// Waits until a CUDA device has done what it was given.
extern "C" void array_torch_synchronize(int device, char **why) noexcept {
  guarded(why, [&] {
    c10::impl::VirtualGuardImpl(at::kCUDA).synchronizeDevice(static_cast<at::DeviceIndex>(device));
    return true;
  });
}
