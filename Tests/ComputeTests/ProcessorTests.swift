import Compute
import Foundation
import Testing

/// Protects: the choice of an instruction set. Serialized: the environment is one.
@Suite(.serialized) struct ProcessorTests {
  @Test func environmentChoosesTheInstructionSet() throws {
    let before = ProcessInfo.processInfo.environment["WGAN_ISA"]
    defer {
      if let before { setenv("WGAN_ISA", before, 1) } else { unsetenv("WGAN_ISA") }
    }
    for set in Processor.supported {
      setenv("WGAN_ISA", set.rawValue, 1)
      #expect(try Processor.fromEnvironment(threads: 1).instructionSet == set)
    }
    setenv("WGAN_ISA", "", 1)
    #expect(try Processor.fromEnvironment(threads: 1).instructionSet == Processor.best)
    setenv("WGAN_ISA", "mmx", 1)
    let error = #expect(throws: UnknownInstructionSet.self) { try Processor.fromEnvironment(threads: 1) }
    #expect(error?.description.contains("mmx") == true && error?.description.contains("portable") == true)
  }

  /// Every machine runs the portable kernels, and the list goes from the slowest to the best.
  @Test func portableIsAlwaysThere() {
    #expect(Processor.supported.first == .portable)
    #expect(Processor.supported.last == Processor.best)
    #expect(Set(Processor.supported).count == Processor.supported.count)
  }
}
