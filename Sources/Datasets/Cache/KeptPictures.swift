// What is still good of the file that an earlier run has left: pictures that are whole, and whose sources are the same.

import SystemSupport

/// What an older file has of the pictures that are wanted.
struct KeptPictures {
  /// For each wanted picture where it is in the file.
  var places: [UInt32?]
  /// For each name in the file where it is.
  var oldPlaces: [FilePath: Int] = [:]
  /// For pictures whose sources have another time and the same bytes: that time.
  var touched: [Int: Int64] = [:]
  var notes: [String] = []

  init(
    of old: StoredPictures?, for wanted: [SourcePicture], threads: Int, _ sourceChecksum: (_ number: Int) -> UInt64?,
    isCancelled: @escaping @Sendable () -> Bool
  ) throws(Failure) {
    places = [UInt32?](repeating: nil, count: wanted.count)
    guard let old else { return }
    oldPlaces.reserveCapacity(old.index.entries.count)
    for i in old.index.entries.indices { oldPlaces[old.index.name(i)] = i }
    var changed: [FilePath] = []
    for (i, picture) in wanted.enumerated() {
      guard let place = oldPlaces[picture.name] else { continue }
      if isCancelled() { throw .cancelledPreparing }
      let entry = old.index.entries[place]
      if entry.sourceBytes == picture.bytes && entry.sourceModified == picture.modified {
        places[i] = UInt32(place)
      } else if entry.sourceBytes == picture.bytes, sourceChecksum(picture.number) == entry.sourceChecksum {
        places[i] = UInt32(place)
        touched[place] = picture.modified
      } else {
        changed.append(picture.name)
      }
    }
    let damaged = old.damaged(of: places.compactMap(\.self), threads: threads, isCancelled: isCancelled)
    if isCancelled() { throw .cancelledPreparing }
    for i in places.indices where places[i].map(damaged.contains) == true { places[i] = nil }
    for place in damaged { touched[Int(place)] = nil }
    if let first = changed.first {
      let pictures = counted(changed.count, "picture has", "pictures have")
      notes.append("\(pictures) changed since the last run with them (the first: \(first))")
    }
    if !damaged.isEmpty {
      let pictures = counted(damaged.count, "prepared picture was", "prepared pictures were")
      notes.append("\(pictures) damaged in the cache, made anew")
    }
  }
}
