// What TensorBoard reads: files of records, each an event, a protocol buffer. Field numbers are those of
// tensorflow/core/util/event.proto and tensorflow/core/framework/summary.proto; the frame around an event is that of
// tensorflow/core/lib/io/record_writer.h:
//
//     8 bytes     the event's length, little-endian
//     4 bytes     masked CRC-32C of these
//     length      the event
//     4 bytes     masked CRC-32C of the event

import TensorFiles

/// One event, as the bytes that a file has of it.
package enum EventRecord {
  /// The first of a file.
  package static func fileVersion(wallTime: Double) -> [UInt8] {
    var event = event(wallTime: wallTime, step: 0)
    event.add(3, "brain.Event:2")
    return framed(event.bytes)
  }

  /// A part of a run begins. A reader forgets what an earlier part has said of `step` and later ones.
  package static func sessionStart(step: Int, wallTime: Double) -> [UInt8] {
    var session = ProtobufMessage()
    session.add(1, 1)  // START
    var event = event(wallTime: wallTime, step: step)
    event.add(7, session)
    return framed(event.bytes)
  }

  package static func scalars(_ values: [(tag: String, value: Float)], step: Int, wallTime: Double) -> [UInt8] {
    framed(
      summary(
        values.map { tag, number in
          var value = ProtobufMessage()
          value.add(1, tag)
          value.add(2, number)
          return value
        }, step: step, wallTime: wallTime))
  }

  /// - Parameters:
  ///   - png: a whole file.
  ///   - channels: 1 or 3.
  package static func image(
    _ tag: String, png: [UInt8], width: Int, height: Int, channels: Int, step: Int, wallTime: Double
  ) -> [UInt8] {
    var image = ProtobufMessage()
    image.add(1, height)
    image.add(2, width)
    image.add(3, channels)  // the colour space: 1 is grey, 3 is RGB
    image.add(4, png)
    var value = ProtobufMessage()
    value.add(1, tag)
    value.add(4, image)
    return framed(summary([value], step: step, wallTime: wallTime))
  }

  private static func event(wallTime: Double, step: Int) -> ProtobufMessage {
    var event = ProtobufMessage()
    event.add(1, wallTime)
    if step != 0 { event.add(2, step) }
    return event
  }

  private static func summary(_ values: [ProtobufMessage], step: Int, wallTime: Double) -> [UInt8] {
    var summary = ProtobufMessage()
    for value in values { summary.add(1, value) }
    var event = event(wallTime: wallTime, step: step)
    event.add(5, summary)
    return event.bytes
  }

  // MARK: - The frame

  package static func framed(_ event: [UInt8]) -> [UInt8] {
    let length = withUnsafeBytes(of: UInt64(event.count).littleEndian) { Array($0) }
    return length + maskedChecksum(length) + event + maskedChecksum(event)
  }

  /// Turned and moved, as a checksum of bytes that have checksums in them must be.
  private static func maskedChecksum(_ bytes: [UInt8]) -> [UInt8] {
    let checksum = CRC32C.of(bytes)
    let masked = (checksum >> 15 | checksum << 17) &+ 0xa282_ead8
    return withUnsafeBytes(of: masked.littleEndian) { Array($0) }
  }
}
