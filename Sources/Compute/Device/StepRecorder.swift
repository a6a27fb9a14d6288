// Where the time of a training step goes: an ear at the driver calls. A device has none unless a bench gives it one.

import Dispatch
import Synchronization

/// Adds up how long driver calls take, by layer, kind and pass, and how long threads wait in them.
///
/// The thread that runs the steps makes the calls, switches the recorder on and off and reads it; workers only report
/// how long they were busy.
package final class StepRecorder: @unchecked Sendable {
  package enum Kind: String, Sendable, CaseIterable {
    case convolution, norm, elementwise, optimizer, clipping, packing, reduction
  }

  /// The layer's own pass: a transposed convolution's forward is the backwardData of the convolution whose adjoint it
  /// is.
  package enum Pass: String, Sendable, CaseIterable {
    case forward, backward, backwardData, backwardWeights, update
  }

  package struct Label: Hashable, Sendable {
    /// With its net: "critic.pyramid.0.conv". What isn't any layer's has the net's name.
    package var layer: String
    package var kind: Kind
    package var pass: Pass

    package init(layer: String, kind: Kind, pass: Pass) {
      self.layer = layer
      self.kind = kind
      self.pass = pass
    }
  }

  /// What a call can't do without.
  package struct Work: Sendable {
    /// Of a convolution by the direct method, and those that are left by its own.
    package var multiplyAdds = 0
    package var products = 0
    /// Read and written, each operand once for each time that the whole of it is gone through.
    package var bytes = 0
    /// Of a convolution.
    package var algorithm: Algorithm?
    /// What is multiplied.
    package var precision: Precision

    package init(
      multiplyAdds: Int = 0, products: Int = 0, bytes: Int = 0, algorithm: Algorithm? = nil,
      precision: Precision = .float32
    ) {
      self.multiplyAdds = multiplyAdds
      self.products = products
      self.bytes = bytes
      self.algorithm = algorithm
      self.precision = precision
    }
  }

  /// All calls of one label.
  package struct Entry: Sendable {
    package var label: Label
    package var calls = 0
    /// What the calls took, less the calls that were made inside them.
    package var milliseconds = 0.0
    /// Of `milliseconds`: what the threads had nothing to do for in the calls' parallel loops, divided by the number of
    /// threads. That is, of each loop, its time less (the sum of the workers' times / threads): the start of the
    /// workers, the wait for the slowest, and the threads that a loop of few items leaves without any. A worker that
    /// the system keeps from its core counts as busy, and so does the one thread that runs a call's code outside of
    /// loops.
    package var waitingMilliseconds = 0.0
    /// What the calls had to do.
    package var work = Work()

    package init(
      _ label: Label, calls: Int = 0, milliseconds: Double = 0, waitingMilliseconds: Double = 0, work: Work = Work()
    ) {
      self.label = label
      self.calls = calls
      self.milliseconds = milliseconds
      self.waitingMilliseconds = waitingMilliseconds
      self.work = work
    }
  }

  /// Off: calls are made and nothing else.
  package var isOn: Bool {
    get { on.load(ordering: .relaxed) }
    set { on.store(newValue, ordering: .relaxed) }
  }
  private let on = Atomic<Bool>(false)
  /// In the order of their first calls.
  package private(set) var entries: [Entry] = []

  private var places: [Label: Int] = [:]
  /// Calls that have begun, the innermost last.
  private var open: [Call] = []
  /// Nanoseconds of all workers of the loop that is running.
  private let busy = Atomic<Int>(0)

  private struct Call {
    var place: Int
    /// In nanoseconds, as are all times until they are entries.
    var start: Int
    /// What the calls inside it took, and what its own loops waited.
    var inner = 0
    var waited = 0
  }

  package init() {}

  package func reset() {
    entries = []
    places = [:]
    open = []
  }

  /// A driver call begins; one may begin inside another.
  package func begin(_ layer: String, _ kind: Kind, _ pass: Pass, work: Work = Work()) {
    guard isOn else { return }
    let label = Label(layer: layer, kind: kind, pass: pass)
    let place = places[label] ?? entries.count
    if place == entries.count {
      entries.append(Entry(label))
      places[label] = place
    }
    entries[place].work.multiplyAdds += work.multiplyAdds
    entries[place].work.products += work.products
    entries[place].work.bytes += work.bytes
    entries[place].work.algorithm = work.algorithm
    entries[place].work.precision = work.precision
    open.append(Call(place: place, start: Self.nanoseconds()))
  }

  /// The call that began last is over.
  package func end() {
    guard isOn, let call = open.popLast() else { return }
    let duration = Self.nanoseconds() - call.start
    entries[call.place].calls += 1
    entries[call.place].milliseconds += Double(duration - call.inner) * 1e-6
    entries[call.place].waitingMilliseconds += Double(call.waited) * 1e-6
    if let outer = open.indices.last { open[outer].inner += duration }
  }

  /// A parallel loop begins. Returns when; 0: nobody wants to know.
  func loopBegins() -> Int {
    if !isOn { return 0 }
    busy.store(0, ordering: .relaxed)
    return Self.nanoseconds()
  }

  /// A worker of the loop has done its part; called on its thread.
  func workerEnds(begun start: Int) { busy.add(Self.nanoseconds() - start, ordering: .relaxed) }

  /// The loop is over, and its workers have said so.
  func loopEnds(begun start: Int, threads: Int) {
    let duration = Self.nanoseconds() - start
    if let call = open.indices.last {
      open[call].waited += max(0, duration - busy.load(ordering: .relaxed) / threads)
    }
  }

  /// Of a clock that only runs forward.
  static func nanoseconds() -> Int { Int(truncatingIfNeeded: DispatchTime.now().uptimeNanoseconds) }
}
