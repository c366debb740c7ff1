//! What real clients write, read into values.

pub mod gears;
pub mod glmark2;
pub mod programs;

/// The value of the first `GL_RENDERER` line, in the ways that the Mesa demos write it.
pub fn renderer_name(output: &str) -> Option<&str> {
    ["GL_RENDERER", "OpenGL renderer string"]
        .iter()
        .find_map(|label| {
            output.lines().find_map(|line| {
                let rest = line.trim_start().strip_prefix(label)?.trim_start();
                Some(rest.strip_prefix(['=', ':'])?.trim())
            })
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_renderer_is_found_in_all_spellings() {
        let name = "llvmpipe (LLVM 15.0.6, 256 bits)";
        for line in [
            "GL_RENDERER   = ",
            "GL_RENDERER: ",
            "    GL_RENDERER: ",
            "OpenGL renderer string: ",
        ] {
            assert_eq!(renderer_name(&format!("first\n{line}{name}\nlast\n")), Some(name));
        }
        assert_eq!(renderer_name("GL_RENDERER_IS_UNSAID\n"), None);
    }
}
