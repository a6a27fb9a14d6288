// Memory that nets share. The plan says where each net's buffers lie while sequences of passes run over the nets; the
// arena watches that nobody reads what another buffer's values have taken the place of, whatever really runs.

import Compute

/// Where the buffers of some nets lie.
package struct ArenaPlan: Sendable {
  package let memory: MemoryPlan
  /// The number in `memory` of each net's first buffer.
  let firstBuffers: [Int]

  /// - Parameters:
  ///   - nets: those that share the memory.
  ///   - sequences: the passes that run one after the other, each over a net (its index); any sequence may follow any
  ///     other. What a pass leaves for its caller is there to the end of its sequence.
  ///   - keepsGradients: the parameters' gradients are there always.
  package init(
    _ nets: [ExecutionPlan], sequences: [[(net: Int, pass: ExecutionPass)]], keepsGradients: Bool = false
  ) {
    var firstBuffers: [Int] = []
    var buffers: [(name: String, count: Int)] = []
    var results: Set<Int> = []
    for net in nets {
      let first = buffers.count
      firstBuffers.append(first)
      buffers += net.buffers.map { ("\(net.network.name).\($0.name)", $0.count) }
      results.formUnion(net.results.map { first + $0 })
    }
    var lifetimes = Lifetimes(buffers: buffers.count)
    for sequence in sequences {
      let uses = sequence.flatMap { net, pass in
        nets[net].calls(of: pass).map { $0.use.moved(by: firstBuffers[net]) }
      }
      lifetimes.add(uses, results: results)
    }
    if keepsGradients {
      for (net, first) in zip(nets, firstBuffers) { if let buffer = net.gradients { lifetimes.keep(first + buffer) } }
    }
    memory = MemoryPlan(
      zip(buffers, lifetimes.times).map { .init(name: $0.name, count: $0.count, times: $1) })
    self.firstBuffers = firstBuffers
  }

  /// Of one net: a forward pass and the others that it is planned for.
  package init(alone net: ExecutionPlan) {
    let hasInputGradient = net.inputGradient != nil
    var passes: [ExecutionPass] = [.forward]
    if net.purpose.isTraining { passes.append(.backward(parameters: true, input: hasInputGradient)) }
    if net.purpose == .trainingWithTangents { passes.append(.tangent) }
    self.init([net], sequences: [passes.map { (0, $0) }], keepsGradients: true)
  }

  package var bytes: Int { memory.arenaCount * MemoryLayout<Float>.stride }
}

extension BufferUse {
  fileprivate func moved(by offset: Int) -> BufferUse {
    BufferUse(reads: reads.map { $0 + offset }, writes: writes.map { $0 + offset })
  }
}

/// The memory of an arena's plan. Executors of its nets run one at a time.
package final class Arena {
  private let plan: ArenaPlan
  private let slab: Slab
  /// The buffers that share a Float with each one.
  private let overlapping: [[Int]]
  /// It was written, and nothing that lies over it was written later. (What has its place for itself is so always:
  /// zeros at first.)
  private var isWhole: [Bool]

  package init(_ plan: ArenaPlan) {
    self.plan = plan
    let memory = plan.memory
    slab = Slab(count: memory.arenaCount)
    let placed = memory.buffers.indices.filter { !memory.buffers[$0].times.isEmpty }
    overlapping = memory.buffers.indices.map { buffer in
      placed.filter { $0 != buffer && memory.range($0).overlaps(memory.range(buffer)) }
    }
    for buffer in placed {
      for other in overlapping[buffer] {
        let (a, b) = (memory.buffers[buffer], memory.buffers[other])
        precondition(!a.isAlive(with: b), "\(a.name) and \(b.name) lie on each other and are needed together")
      }
    }
    isWhole = overlapping.map(\.isEmpty)
  }

  /// A net's part.
  struct Part {
    fileprivate let arena: Arena
    fileprivate let first: Int

    /// - Precondition: what the call reads is as it was written, and what it needs lies apart: the passes that run are
    ///   among those that were planned.
    func begin(_ call: PlannedCall) { arena.begin(call.use, first) }

    /// - Precondition: the call needs it.
    func slice(_ buffer: Int, of call: PlannedCall) -> Slice {
      precondition(call.use.reads.contains(buffer) || call.use.writes.contains(buffer), "a call names what it needs")
      return place(buffer)
    }

    /// What a pass left in it.
    func result(_ buffer: Int) -> Slice {
      arena.checkWhole(first + buffer)
      return place(buffer)
    }

    /// What is in it may be another's.
    func place(_ buffer: Int) -> Slice { arena.slab.all[arena.plan.memory.range(first + buffer)] }
  }

  func part(ofNet net: Int) -> Part { Part(arena: self, first: plan.firstBuffers[net]) }

  private func begin(_ use: BufferUse, _ first: Int) {
    for buffer in use.reads { checkWhole(first + buffer) }
    for buffer in use.writes {
      precondition(
        !plan.memory.buffers[first + buffer].times.isEmpty,
        "\(plan.memory.buffers[first + buffer].name): no planned pass writes it")
      for other in overlapping[first + buffer] { isWhole[other] = false }
      isWhole[first + buffer] = true
    }
    for buffer in use.reads { checkWhole(first + buffer) }
    for buffer in use.writes { checkWhole(first + buffer) }
  }

  private func checkWhole(_ buffer: Int) {
    precondition(isWhole[buffer], "\(plan.memory.buffers[buffer].name): something else was written over it")
  }
}
