// What computes: the table of kernels for this processor, how many threads, and the cache that blocks are sized
// for.

import CProcessor
import Dispatch
import Kernels
import KernelsBF16
import Ranks
import SystemSupport

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

package typealias InstructionSet = Kernels.InstructionSet
package typealias ConvolutionPart = Kernels.ConvolutionPart

package struct UnknownInstructionSet: ClassifiedError {
  package let description: String
  package var failureKind: FailureKind { .usage }
}

/// Nothing in here changes a result's bits but the instruction set: one with FMA rounds once where the portable one
/// rounds twice.
package struct Device: Sendable {
  package let threads: Int
  /// Bytes of the first- and second-level caches that a thread may fill.
  package let firstCacheBytes: Int
  package let cacheBytes: Int
  let kernels: KernelTable
  /// Those of bf16 operands, where the machine has them beside `kernels`.
  let pairKernels: PairKernels?
  /// How the work is cut.
  package let blocking: Blocking
  /// Times the driver calls and the loops in them, where there is one.
  package let recorder: StepRecorder?
  /// Those that have the other pictures of a batch; nil: this process has all of them.
  package private(set) var ranks: (any RankGroup)?
  /// A norm's statistics are those of the whole batch; else of each rank's pictures.
  package private(set) var sharesNorms = true

  private static let rangesOfThread = 4

  package var instructionSet: InstructionSet { kernels.instructionSet }

  /// - Parameter firstCacheBytes, cacheBytes: nil: this machine's.
  /// - Precondition: `instructionSet` is among `supported`, threads >= 1.
  package init(
    instructionSet: InstructionSet = Self.best, threads: Int = Self.coreCount,
    firstCacheBytes: Int? = nil, cacheBytes: Int? = nil, recorder: StepRecorder? = nil
  ) {
    self.init(
      kernels: Self.page(of: instructionSet),
      pairKernels: instructionSet == .avx512 && Self.supportsBFloat16 ? bf16Kernels : nil,
      threads: threads, firstCacheBytes: firstCacheBytes, cacheBytes: cacheBytes, recorder: recorder)
  }

  /// - Parameter kernels, pairKernels: of pages that this machine can run, with the same register tiles.
  package init(
    kernels: KernelTable, pairKernels: PairKernels? = nil, threads: Int, firstCacheBytes: Int? = nil,
    cacheBytes: Int? = nil, recorder: StepRecorder? = nil
  ) {
    precondition(threads >= 1)
    precondition(pairKernels.map { $0.tile == kernels.tile } ?? true, "one blocking for both")
    self.kernels = kernels
    self.pairKernels = pairKernels
    self.threads = threads
    self.recorder = recorder
    let (first, second) = dataCacheBytes()
    self.firstCacheBytes = firstCacheBytes ?? (first > 0 ? first : 32 << 10)
    self.cacheBytes = cacheBytes ?? (second > 0 ? second : 512 << 10)
    blocking = Blocking(tile: kernels.tile, firstCacheBytes: self.firstCacheBytes, cacheBytes: self.cacheBytes)
  }

  /// One of several ranks, each with its part of a batch.
  ///
  /// - Parameter sharesNorms: see there.
  package func joined(to ranks: (any RankGroup)?, sharesNorms: Bool = true) -> Device {
    var device = self
    (device.ranks, device.sharesNorms) = (ranks, sharesNorms)
    return device
  }

  /// One whose convolutions do this part alone, for the benchmarks: their results are wrong.
  package func only(_ part: ConvolutionPart) -> Device {
    Device(
      kernels: kernels.only(part), pairKernels: pairKernels?.only(part), threads: threads,
      firstCacheBytes: firstCacheBytes, cacheBytes: cacheBytes, recorder: recorder)
  }

  /// The instruction set that `WGAN_ISA` names, or the best one here.
  /// - Parameter environment: the process's own, unless a test has another.
  /// - Throws: `UnknownInstructionSet`; `Failure(.outOfMemory)` where the system hasn't the threads.
  package static func fromEnvironment(
    _ environment: [String: String] = ProcessInfo.processInfo.environment, threads: Int
  ) throws -> Device {
    try requireThreads(threads)
    guard let name = environment["WGAN_ISA"], !name.isEmpty else {
      return Device(threads: threads)
    }
    guard let set = InstructionSet(rawValue: name), supported.contains(set) else {
      let choice = supported.map(\.rawValue).joined(separator: ", ")
      throw UnknownInstructionSet(
        description:
          "WGAN_ISA=\(name): not an instruction set that this machine runs; set one of \(choice), or unset it")
    }
    return Device(instructionSet: set, threads: threads)
  }

  /// Whether `best` has products of bf16 beside those of Floats.
  package static let supportsBFloat16 = cprocessor_supports_avx512bf16()

  /// Those that this process may use: the affinity mask's, within the time that its control group has.
  package static let coreCount = usableProcessors()

  /// The next number of items of equal size, from `count` up, that gives each of the threads' ranges as many.
  func evenCount(from count: Int) -> Int {
    let step = count > threads ? Self.rangesOfThread * threads : threads
    return (count + step - 1) / step * step
  }

  /// Calls `work` on `count` items, cut into contiguous ranges that the threads take in turn. Four a thread: one that
  /// the system keeps from its core holds up the others for a part of a range, and a range is still large enough to
  /// fill a cache block.
  func parallel(_ count: Int, _ work: (_ range: Range<Int>) -> Void) {
    parallel(count) { range, _ in work(range) }
  }

  /// The same, telling which worker (0 ..< threads) calls: each has at most one range in hand.
  package func parallel(_ count: Int, _ work: (_ range: Range<Int>, _ worker: Int) -> Void) {
    let start = recorder?.loopBegins() ?? 0
    let workers = min(threads, count)
    if workers <= 1 {
      if count > 0 { work(0..<count, 0) }
      if start != 0 { recorder?.workerEnds(begun: start) }
    } else {
      let ranges = min(count, Self.rangesOfThread * workers)
      let queue = WorkQueue(count: ranges)
      perform(workers) { worker in
        let begin = start == 0 ? 0 : StepRecorder.nanoseconds()
        while let i = queue.take()?.lowerBound {
          work(count * i / ranges..<count * (i + 1) / ranges, worker)
        }
        if start != 0 { recorder?.workerEnds(begun: begin) }
      }
    }
    if start != 0 { recorder?.loopEnds(begun: start, threads: threads) }
  }

  /// Runs `work` and keeps the threads of its loops together: they wait for the next one awake (ThreadTeam.swift). For
  /// what is many loops, one after the other. A call inside another one's `work` uses the outer one's threads.
  package func withTeam<Result, E: Error>(_ work: () throws(E) -> Result) throws(E) -> Result {
    if threads == 1 || ThreadTeam.current != nil { return try work() }
    var result: Swift.Result<Result, E>?
    ThreadTeam.run(threads: threads) {
      do throws(E) { result = .success(try work()) } catch { result = .failure(error) }
    }
    guard let result else { preconditionFailure("a team without a leader") }
    return try result.get()
  }

  /// Calls `body` on this thread and on others, at most `workers` in all.
  private func perform(_ workers: Int, _ body: (_ worker: Int) -> Void) {
    if let team = ThreadTeam.current, !team.isBusy {
      team.perform(workers: workers, body)
    } else {
      onEachThread(workers, body)
    }
  }

  /// Calls `work` once on each of `workers` threads.
  func onEachThread(_ workers: Int, _ work: (_ worker: Int) -> Void) {
    // The drivers' closures hold pointers, which aren't Sendable; each range writes its own part.
    withoutActuallyEscaping(work) { work in
      nonisolated(unsafe) let work = work
      DispatchQueue.concurrentPerform(iterations: workers) { work($0) }
    }
  }
}
