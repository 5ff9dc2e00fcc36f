/// The name of this build.
package enum Build {
    /// Semantic version, 0.x until all nine parts of the roadmap are in.
    package static let version = "0.1.0"
}
