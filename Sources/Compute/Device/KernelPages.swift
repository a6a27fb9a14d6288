// Which pages this build has, and which of them the machine can run. A page's module is empty where the target's
// processors haven't its set.

import CProcessor
import Kernels
import KernelsAVX2
import KernelsAVX512
import KernelsNEON
import KernelsPortable

extension Device {
  /// The kernels that this processor and its operating system can run, slowest first.
  package static let pages: [KernelTable] = {
    var pages = [portableKernels]
    #if arch(x86_64)
      if cprocessor_supports_avx2() { pages.append(avx2Kernels) }
      if cprocessor_supports_avx512() { pages.append(avx512Kernels) }
    #elseif arch(arm64)
      pages.append(neonKernels)
    #endif
    return pages
  }()

  /// Their sets.
  package static let supported: [InstructionSet] = pages.map(\.instructionSet)

  package static var best: InstructionSet { supported.last ?? .portable }

  static func page(of set: InstructionSet) -> KernelTable {
    guard let page = pages.first(where: { $0.instructionSet == set }) else {
      preconditionFailure("this machine can't run \(set)")
    }
    return page
  }
}
