// Numbers as printf writes them. (Foundation's String(format:) would link its 33 MB of tables of the world's languages
// into a tool that carries its libraries with it.)

extension String {
  /// - Parameter format: of the C library; numbers only: a `%s` has no Swift type here.
  package init(printf format: String, _ arguments: any CVarArg...) {
    self = withVaList(arguments) { list in
      withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { text in
        // A number has at most 309 digits before the point; what doesn't fit is cut, and ends with a zero in any case.
        vsnprintf(text.baseAddress, text.count, format, list)
        return text.baseAddress.map { String(cString: $0) } ?? ""
      }
    }
  }
}
