import Compute
import Kernels
import Testing

/// The kernel tables that this machine can run, portable first.
let machineKernels: [KernelTable] = Device.pages

extension KernelTable: CustomTestStringConvertible {
  public var testDescription: String { instructionSet.rawValue }
}

/// The sets' names in failing output.
extension KernelTable: CustomStringConvertible {
  public var description: String { instructionSet.rawValue }
}
