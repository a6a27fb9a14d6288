// How much of the machine others took while we measured: what /proc/stat says was used, less what we used.

import Compute
import SystemSupport

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

package struct Interference {
  /// Seconds of processor time.
  private struct Reading {
    var time: ContinuousClock.Instant
    var busy: Double
    var stolen: Double
    var own: Double
  }

  private let start = Self.read()

  /// Of the cores' time since the beginning: what other processes had, and what the hypervisor gave to other machines.
  package struct Share {
    var others: Double
    var stolen: Double
  }

  /// Nil where the system doesn't tell.
  func share(cores: Int) -> Share? {
    guard let start, let end = Self.read() else { return nil }
    let seconds = start.time.duration(to: end.time) / .seconds(1) * Double(cores)
    guard seconds > 0 else { return nil }
    // The system counts in hundredths: a step of each core's is no evidence.
    let others = (end.busy - start.busy) - (end.own - start.own) - 0.02 * Double(cores)
    return Share(others: max(0, others / seconds), stolen: max(0, (end.stolen - start.stolen) / seconds))
  }

  /// Others' share above which a measurement is disturbed.
  static let tolerance = 0.03

  /// Measures up to `tries` times, until others leave the machine alone meanwhile: the least disturbed measurement, and
  /// the share of the cores that others had during it.
  static func quietest<Measurement>(
    tries: Int = 3, cores: Int, _ measure: () -> Measurement
  ) -> (measurement: Measurement, others: Double?) {
    func once() -> (measurement: Measurement, others: Double?) {
      let interference = Interference()
      let measurement = measure()
      return (measurement, interference.share(cores: cores).map { $0.others + $0.stolen })
    }
    var best = once()
    for _ in 1..<max(tries, 2) {
      guard let others = best.others, others > tolerance else { break }
      let again = once()
      if let share = again.others, share < others { best = again }
    }
    return best
  }

  /// Measures work that keeps `threads` threads busy all the time until it got that many cores, five times at most.
  /// (The scheduler may leave two threads on one core for a while although another one idles.)
  ///
  /// - Returns: what the last measurement gave.
  static func onWholeCores<Measurement>(threads: Int, _ measure: () -> Measurement) -> Measurement {
    var attempt = 0
    while true {
      attempt += 1
      let own = processCPUSeconds()
      let start = ContinuousClock.now
      let measurement = measure()
      let wall = start.duration(to: .now) / .seconds(1)
      let used = processCPUSeconds() - own
      if attempt == 5 || used > 0.95 * wall * Double(min(threads, Device.coreCount)) {
        return measurement
      }
    }
  }

  private static func read() -> Reading? {
    // cpu  user nice system idle iowait irq softirq steal ...
    guard let text = try? String(contentsOfFile: "/proc/stat", encoding: .utf8),
      let line = text.split(separator: "\n").first, line.hasPrefix("cpu ")
    else { return nil }
    let ticks = line.split(separator: " ").dropFirst().compactMap { Double($0) }
    guard ticks.count >= 8 else { return nil }
    let perSecond = Double(sysconf(Int32(_SC_CLK_TCK)))
    return Reading(
      time: .now, busy: (ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6]) / perSecond,
      stolen: ticks[7] / perSecond, own: processCPUSeconds())
  }
}
