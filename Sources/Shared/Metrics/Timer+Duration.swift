package import CoreMetrics

extension Timer {
    package func record(_ duration: Duration) { recordSeconds(duration.seconds) }
}
