//! Samplers.

use super::{Gl, Name, Sampler};
use crate::gl::GlError;

impl Gl {
    /// A sampler.
    ///
    /// # Errors
    /// If GL makes none.
    pub fn create_sampler(&self) -> Result<Sampler, GlError> {
        let mut name = 0;
        // SAFETY: one name is written.
        unsafe { self.f().CreateSamplers(1, &mut name) };
        Ok(Sampler {
            handle: self.shared("sampler", Name::Sampler(name))?,
        })
    }

    /// Sets a parameter of one integer or enum.
    pub fn sampler_parameter_i(&self, sampler: &Sampler, name: u32, value: i32) {
        self.f()
            .SamplerParameteri(self.name(&sampler.handle), name, value);
    }

    /// Sets a parameter of one number.
    pub fn sampler_parameter_f(&self, sampler: &Sampler, name: u32, value: f32) {
        self.f()
            .SamplerParameterf(self.name(&sampler.handle), name, value);
    }

    /// Sets the border colour of float and normalized textures.
    pub fn sampler_parameter_fv(&self, sampler: &Sampler, name: u32, values: &[f32; 4]) {
        let sampler = self.name(&sampler.handle);
        // SAFETY: no parameter has more than four numbers.
        unsafe { self.f().SamplerParameterfv(sampler, name, values.as_ptr()) };
    }

    /// Sets the border colour of signed integer textures.
    pub fn sampler_parameter_i_iv(&self, sampler: &Sampler, name: u32, values: &[i32; 4]) {
        let sampler = self.name(&sampler.handle);
        // SAFETY: no parameter has more than four numbers.
        unsafe { self.f().SamplerParameterIiv(sampler, name, values.as_ptr()) };
    }

    /// Sets the border colour of unsigned integer textures.
    pub fn sampler_parameter_i_uiv(&self, sampler: &Sampler, name: u32, values: &[u32; 4]) {
        let sampler = self.name(&sampler.handle);
        // SAFETY: no parameter has more than four numbers.
        unsafe { self.f().SamplerParameterIuiv(sampler, name, values.as_ptr()) };
    }

    /// Binds a sampler to a unit; `None` leaves the texture's own parameters in force.
    pub fn bind_sampler(&self, unit: u32, sampler: Option<&Sampler>) {
        self.f()
            .BindSampler(unit, sampler.map_or(0, |sampler| self.name(&sampler.handle)));
    }
}
