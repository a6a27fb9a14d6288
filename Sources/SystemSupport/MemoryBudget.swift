// Memory that threads share: who wants more than there is left waits for the others to give theirs back.

/// An amount of bytes, taken before memory is allocated and given back after it is freed.
package final class MemoryBudget: Sendable {
  package let bytes: Int
  private let taken = Monitor(0)

  package init(bytes: Int) { self.bytes = bytes }

  /// Waits until so much is left. What is more than the whole budget waits until nobody has anything, and is then had:
  /// alone.
  ///
  /// Take once, and take all: two who have some and wait for more would wait for ever.
  package func take(_ wanted: Int) {
    taken.wait { taken -> Void? in
      guard taken == 0 || wanted <= self.bytes - taken else { return nil }
      taken += wanted
      return ()
    }
  }

  /// Takes at once or not at all.
  package func tryTaking(_ wanted: Int) -> Bool {
    taken.withLock { taken in
      guard wanted <= bytes - taken else { return false }
      taken += wanted
      return true
    }
  }

  package func give(_ amount: Int) { taken.withLock { $0 -= amount } }

  /// What is had by somebody just now.
  package var inUse: Int { taken.withLock { $0 } }
}
