import Compute
import Kernels
import KernelsAVX2
import KernelsAVX512
import KernelsPortable
import Testing

/// The kernel tables that this machine can run, portable first.
let machineKernels: [KernelTable] = Device.supported.map {
  switch $0 {
  case .portable: portableKernels
  case .avx2: avx2Kernels
  case .avx512: avx512Kernels
  }
}

extension KernelTable: CustomTestStringConvertible {
  public var testDescription: String { instructionSet.rawValue }
}

/// The sets' names in failing output.
extension KernelTable: CustomStringConvertible {
  public var description: String { instructionSet.rawValue }
}
