//! Displays, contexts and the life of objects.

use super::*;

#[test]
fn the_host_has_gl_4_5_core_and_its_limits_are_known() {
    let gl = context().gl();
    let capabilities = gl.capabilities();
    assert!(capabilities.version >= (4, 5), "{}", capabilities.version_string);
    assert!(capabilities.has("GL_ARB_direct_state_access"));
    assert!(capabilities.max_texture_size >= 16384);
    assert!(capabilities.max_viewports >= 16);
    assert!(capabilities.max_vertex_attrib_stride >= 2048);
    assert!(capabilities.uniform_buffer_offset_alignment.is_power_of_two());
    assert!(capabilities.aliased_point_size_range[1] >= 1.0);
    assert!(capabilities.stages.iter().all(|stage| stage.uniform_blocks >= 12));
    assert!(capabilities.stages[5].shader_storage_blocks >= 8);
    assert_eq!(gl.get_error(), None);
}

#[test]
fn formats_tell_whether_they_are_renderable_and_with_how_many_samples() {
    let gl = context().gl();
    let renderable = gl.internal_format(glow::TEXTURE_2D, glow::RGBA16F, glow::FRAMEBUFFER_RENDERABLE);
    assert_eq!(renderable as u32, glow::FULL_SUPPORT);
    let mut samples = [0; 16];
    gl.internal_format_values(
        glow::TEXTURE_2D_MULTISAMPLE,
        glow::RGBA8,
        glow::SAMPLES,
        &mut samples,
    );
    assert!(samples[0] >= 4, "{samples:?}");
}

#[test]
fn a_gbm_device_must_be_a_drm_device() {
    let error = Display::open_gbm(std::fs::File::open("/dev/null").unwrap().into()).unwrap_err();
    assert!(
        matches!(&error, GlError::Gbm { node, .. } if node == "/dev/null"),
        "{error}"
    );
}

#[test]
fn probing_tells_of_every_platform_it_tried() {
    let display = Display::open(Choice::Auto).unwrap();
    let report = display.report();
    let (used, refused) = report.attempts.split_last().unwrap();
    assert_eq!(used.platform, display.platform());
    assert_eq!(
        used.result.as_ref().unwrap().renderer,
        display.capabilities().renderer
    );
    assert!(refused.iter().all(|attempt| attempt.result.is_err()), "{report}");
}

#[test]
fn shared_contexts_see_the_same_texture() {
    let display = display();
    let first = display.create_context(None).unwrap();
    let second = display.create_context(Some(&first)).unwrap();
    let (first, second) = (first.gl(), second.gl());
    let texture = texture_2d(&first, 2, 2);
    first.clear_framebuffer_f(&target(&first, &texture), 0, [0.0, 0.0, 1.0, 1.0]);
    first.finish();
    assert_eq!(read(&second, &texture, 2, 2), [[0, 0, 255, 255]; 4]);
    assert_eq!((first.get_error(), second.get_error()), (None, None));
}

#[test]
fn a_call_reaches_its_own_context_whichever_is_current() {
    let display = display();
    let (one, two) = (
        display.create_context(None).unwrap(),
        display.create_context(None).unwrap(),
    );
    let (one, two) = (one.gl(), two.gl());
    let texture = texture_2d(&one, 2, 2);
    let other = texture_2d(&two, 2, 2);
    assert_eq!(texture.id(), other.id(), "the same name in two share groups");
    one.clear_framebuffer_f(&target(&one, &texture), 0, [1.0, 0.0, 0.0, 1.0]);
    two.clear_framebuffer_f(&target(&two, &other), 0, [0.0, 1.0, 0.0, 1.0]);
    assert_eq!(read(&one, &texture, 2, 2), [[255, 0, 0, 255]; 4]);
    assert_eq!(read(&two, &other, 2, 2), [[0, 255, 0, 255]; 4]);
    // An object of the other share group is no object here.
    one.clear_tex_sub_image(&other, region(2, 2), glow::RGBA, glow::UNSIGNED_BYTE, &[0; 16])
        .unwrap();
    assert!(one.get_error().is_some());
    assert_eq!(read(&one, &texture, 2, 2), [[255, 0, 0, 255]; 4]);
}

#[test]
fn objects_dropped_under_another_context_leave_that_context_alone() {
    let display = display();
    let (one, two) = (
        display.create_context(None).unwrap(),
        display.create_context(None).unwrap(),
    );
    let (one, two) = (one.gl(), two.gl());
    let first = texture_2d(&one, 2, 2);
    let first_target = target(&one, &first);
    let second = texture_2d(&two, 2, 2);
    let second_target = target(&two, &second);
    assert_eq!(
        first_target.id(),
        second_target.id(),
        "the same name in two contexts"
    );
    two.flush();
    drop((first, first_target));
    two.clear_framebuffer_f(&second_target, 0, [1.0; 4]);
    assert_eq!(read(&two, &second, 2, 2), [[255; 4]; 4]);
    assert_eq!((one.get_error(), two.get_error()), (None, None));
}

#[test]
fn shared_objects_outlive_the_context_that_made_them() {
    let display = display();
    let root = display.create_context(None).unwrap();
    let maker = display.create_context(Some(&root)).unwrap();
    let texture = texture_2d(&maker.gl(), 2, 2);
    maker
        .gl()
        .clear_framebuffer_f(&target(&maker.gl(), &texture), 0, [0.0, 1.0, 1.0, 1.0]);
    maker.gl().finish();
    drop(maker);
    assert_eq!(read(&root.gl(), &texture, 2, 2), [[0, 255, 255, 255]; 4]);
    drop(texture);
    assert_eq!(root.gl().get_error(), None);
}

#[test]
fn everything_can_be_dropped_in_any_order() {
    let display = display();
    let context = display.create_context(None).unwrap();
    let gl = context.gl();
    let texture = texture_2d(&gl, 2, 2);
    let framebuffer = target(&gl, &texture);
    let kept = (
        gl.create_sampler().unwrap(),
        gl.create_vertex_array().unwrap(),
        gl.create_query(glow::TIMESTAMP).unwrap(),
        gl.create_transform_feedback().unwrap(),
        gl.fence_sync().unwrap(),
        gl.create_mapped_buffer(64).unwrap(),
        gl.compile_shader(ShaderKind::Vertex, VERTEX).unwrap(),
    );
    assert!(gl.client_wait_sync(&kept.4, u64::MAX));
    drop(texture);
    drop(framebuffer);
    assert_eq!(gl.get_error(), None);
    drop(display);
    drop(context);
    drop(gl);
    assert!(kept.5.write(0, b"still mapped"));
    drop(kept);
}

#[test]
fn a_debugging_context_works_like_any_other() {
    let display = display();
    display.set_debug(true);
    let gl = display.create_context(None).unwrap().gl();
    gl.set_enabled(0xdead, true);
    assert_eq!(gl.get_error(), Some(ErrorCode(glow::INVALID_ENUM)));
    assert_eq!(gl.get_error(), None);
}

#[test]
fn a_vertex_array_of_another_context_is_not_touched() {
    let display = display();
    let (one, two) = (
        display.create_context(None).unwrap(),
        display.create_context(None).unwrap(),
    );
    let (one, two) = (one.gl(), two.gl());
    let array = one.create_vertex_array().unwrap();
    one.enable_vertex_array_attrib(&array, 0);
    two.disable_vertex_array_attrib(&array, 0);
    let foreign = two.create_buffer().unwrap();
    one.vertex_array_vertex_buffer(&array, 0, &foreign, 0, 4);
    one.bind_vertex_array(Some(&array));
    assert!(matches!(
        one.draw_arrays(glow::POINTS, 0, 1, 1, 0),
        Err(GlError::Unbound(_))
    ));
    two.bind_vertex_array(Some(&array));
    assert!(matches!(
        two.draw_arrays(glow::POINTS, 0, 1, 1, 0),
        Err(GlError::Unbound(_))
    ));
}
